"""The origin whose projects are built: a random graph of small packages with plans in a git repository."""

import hashlib
import json
import random
from pathlib import Path

import httpx

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from tests.bldr.worker.builders import a_repository
from tests.builders.stack import REPOSITORY
from tests.builders.stub_strategy import stub_archive
from tests.kills.fake_hab import write_fake_hab

ORIGIN = "kills"
TARGET = Target.X86_64_LINUX
FIRST_RELEASE = "20240101000000"
PLAN = """\
pkg_origin={origin}
pkg_name={name}
pkg_version=1.0.0
pkg_license=("Apache-2.0")
pkg_build_deps=({deps})
do_build() {{ return 0; }}
do_install() {{ mkdir -p "$pkg_prefix"; echo "{name}" >"$pkg_prefix/name"; }}
"""


class BuiltOrigin:
    """An origin with projects; everything depends on the first one, directly or indirectly."""

    def __init__(self, client: httpx.Client, folder: Path, seed: int, projects: int) -> None:
        self.client, self._folder = client, folder
        choice = random.Random(seed)
        self.names = [f"p{number:02d}" for number in range(projects)]
        self.deps: dict[str, list[str]] = {}
        for number, name in enumerate(self.names):
            self.deps[name] = sorted(choice.sample(self.names[:number], min(number, choice.randint(1, 3))))

    @property
    def build_deps(self) -> Path:
        """The file with the idents that each package needs to build."""
        return self._folder / "build-deps.json"

    def create(self) -> str:
        """Create the origin with a release and a project for each name. Returns the token of a worker."""
        client = self.client
        client.post("/depot/origins", json={"name": ORIGIN}).raise_for_status()
        client.post(f"/depot/origins/{ORIGIN}/keys").raise_for_status()
        key = self._folder / "secret.key"
        key.write_text(client.get(f"/depot/origins/{ORIGIN}/secret_keys/latest").raise_for_status().text)
        url = a_repository(self._folder / "plans", {f"{name}/plan.sh": self._plan(name) for name in self.names})
        self.build_deps.write_text(json.dumps({name: self._idents(self.deps[name]) for name in self.names}))
        write_fake_hab(self._folder, REPOSITORY)
        for name in self.names:
            self._upload(name, key)
            project = {"origin": ORIGIN, "name": name, "plan_path": f"{name}/plan.sh", "auto_build": True}
            client.post("/projects", json={**project, "clone_url": url}).raise_for_status()
        made = client.post(f"/workers/{ORIGIN}", json={"name": "kills", "targets": [TARGET]}).raise_for_status()
        return str(made.json()["token"])

    def start_group(self) -> int:
        """Start a group of all projects, and return its id."""
        answer = self.client.post(f"/depot/pkgs/schedule/{ORIGIN}/{self.names[0]}", params={"target": TARGET})
        group = answer.raise_for_status().json()
        assert len(group["projects"]) == len(self.names), group
        return int(group["id"])

    def _plan(self, name: str) -> str:
        return PLAN.format(origin=ORIGIN, name=name, deps=" ".join(f"{ORIGIN}/{dep}" for dep in self.deps[name]))

    def _idents(self, names: list[str]) -> list[str]:
        return [f"{ORIGIN}/{name}/1.0.0/{FIRST_RELEASE}" for name in names]

    def _upload(self, name: str, key: Path) -> None:
        ident = PackageIdent(ORIGIN, name, "1.0.0", FIRST_RELEASE)
        archive = stub_archive(ident, TARGET, key, build_deps=self._idents(self.deps[name]))
        path = f"{ORIGIN}/{name}/1.0.0/{FIRST_RELEASE}"
        query = {"checksum": hashlib.blake2b(archive, digest_size=32).hexdigest(), "target": TARGET, "builder": ""}
        self.client.post(f"/depot/pkgs/{path}", params=query, content=archive).raise_for_status()
        stable = f"/depot/channels/{ORIGIN}/stable/pkgs/{name}/1.0.0/{FIRST_RELEASE}/promote"
        self.client.put(stable, params={"target": TARGET}).raise_for_status()
