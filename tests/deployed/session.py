"""What a user does with a new depot: publish, promote, ask for the latest release, download, and build a job group."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from tests.builders.stack import REPOSITORY
from tests.builders.stub_strategy import stub_archive

TARGET = Target.X86_64_LINUX
RELEASE = "20240101000000"
CLONE_URL = "https://git.example/plans.git"
FINAL = ("Complete", "Failed", "Canceled")
GROUP_SECONDS = 600


class Session:
    """The owner of an origin, at a depot."""

    def __init__(self, client: httpx.Client, origin: str, folder: Path) -> None:
        self._client, self._origin, self._folder = client, origin, folder
        self._key = folder / "secret.key"

    def generate_key(self) -> None:
        """Generate the signing key of the origin, which encrypts its secret half with the builder key."""
        self._client.post(f"/depot/origins/{self._origin}/keys").raise_for_status()
        text = self._client.get(f"/depot/origins/{self._origin}/secret_keys/latest").raise_for_status().text
        self._key.write_text(text)

    def publish(self, name: str, *needs: str) -> bytes:
        """Upload a package that needs others to build, promote it, and return the archive."""
        ident = self._ident(name)
        archive = stub_archive(ident, TARGET, self._key, build_deps=[str(self._ident(need)) for need in needs])
        checksum = hashlib.blake2b(archive, digest_size=32).hexdigest()
        query = {"checksum": checksum, "target": TARGET, "builder": ""}
        self._client.post(f"/depot/pkgs/{ident}", params=query, content=archive).raise_for_status()
        channel = f"/depot/channels/{self._origin}/stable/pkgs/{name}/1.0.0/{RELEASE}/promote"
        self._client.put(channel, params={"target": TARGET}).raise_for_status()
        return archive

    def latest(self, name: str) -> str:
        """Return the latest release of a package in the channel stable."""
        path = f"/depot/channels/{self._origin}/stable/pkgs/{name}/latest"
        return str(self._client.get(path, params={"target": TARGET}).raise_for_status().json()["ident"]["release"])

    def download(self, name: str) -> bytes:
        """Return the archive of a package."""
        path = f"/depot/pkgs/{self._ident(name)}/download"
        return self._client.get(path, params={"target": TARGET}).raise_for_status().content

    def build(self, name: str, *dependents: str) -> str:
        """Build a package and its dependents with a stub worker, and return the state of the job group."""
        for each in (name, *dependents):
            project = {"origin": self._origin, "name": each, "plan_path": "plan.sh", "auto_build": True}
            self._client.post("/projects", json={**project, "clone_url": CLONE_URL}).raise_for_status()
        made = self._client.post(f"/workers/{self._origin}", json={"name": "stub", "targets": [TARGET]})
        worker = self._worker(made.raise_for_status().json()["token"])
        try:
            path = f"/depot/pkgs/schedule/{self._origin}/{name}"
            group = self._client.post(path, params={"target": TARGET}).raise_for_status().json()["id"]
            self._await_end(group)
        finally:
            worker.terminate()
            worker.wait()
        return self._state_of(group)

    def _await_end(self, group: str) -> None:
        ends = time.monotonic() + GROUP_SECONDS
        while self._state_of(group) not in FINAL:
            assert time.monotonic() < ends, f"the job group is still {self._state_of(group)}"
            time.sleep(1)

    def _state_of(self, group: str) -> str:
        return str(self._client.get(f"/depot/pkgs/schedule/{group}").raise_for_status().json()["state"])

    def _worker(self, token: str) -> subprocess.Popen[bytes]:
        url = str(self._client.base_url).removesuffix("/v1/")
        environment: Mapping[str, str] = {**os.environ, "HAB_BLDR_URL": url, "BLDR_WORKER_TOKEN": token}
        command = [sys.executable, "-m", "tests.builders.stub_strategy", "--work-folder", str(self._folder)]
        with (self._folder / "worker.log").open("wb") as log:
            return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)

    def _ident(self, name: str) -> PackageIdent:
        return PackageIdent(self._origin, name, "1.0.0", RELEASE)
