"""A client that openapi-python-client generates from the OpenAPI document."""

import importlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.keys import a_signing_pair
from tests.builders.names import a_name

PACKAGE = "generated_client"

Operation = Callable[..., Any]
"""Calls an operation, named `tag.operation_id`, and returns its response. Fails if the status differs from `status`."""


@pytest.fixture(scope="module")
def generated(depot: Depot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the generated package, which is importable. The generator must not warn."""
    folder = tmp_path_factory.mktemp("client")
    document = folder / "openapi.json"
    document.write_bytes(depot.get("/openapi.json").body)
    made = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document)),
            *("--output-path", str(folder / PACKAGE), "--meta", "none", "--fail-on-warning"),
        ],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (made.returncode, made.stderr) == (0, "")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield folder / PACKAGE


@pytest.fixture
def call(generated: Path, api_url: str) -> Operation:
    """Operations of the generated client, as bobo."""
    client = importlib.import_module(PACKAGE).AuthenticatedClient(base_url=api_url, token="bobo")

    def run(name: str, status: int, *path: str, **more: Any) -> Any:
        tag, operation = name.split(".")
        module = importlib.import_module(f"{PACKAGE}.api.{tag}.{operation}")
        response = module.sync_detailed(*path, client=client, **more)
        assert response.status_code == status, (name, response.status_code, response.content)
        return response

    return run


def model(name: str) -> Any:
    """Return a class of the generated client."""
    return getattr(importlib.import_module(f"{PACKAGE}.models"), name)


def file(content: bytes) -> Any:
    """Return bytes as the generated client sends them."""
    return importlib.import_module(f"{PACKAGE}.types").File(payload=io.BytesIO(content))


def test_it_has_a_function_for_every_operation(depot: Depot, generated: Path) -> None:
    document = depot.get("/openapi.json").json()

    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    expected = {(operation["tags"][0].replace(" ", "_"), operation["operationId"]) for operation in operations}
    files = (generated / "api").glob("*/*.py")
    assert {(path.parent.name, path.stem) for path in files if path.stem != "__init__"} == expected


def test_it_publishes_promotes_finds_and_downloads_a_package(call: Operation) -> None:
    origin, name = a_name("origin"), a_name("widget")
    hart = a_hart(origin=origin, name=name, payload=bytes(range(256)))
    public, secret = a_signing_pair(origin)
    ident = (origin, name, hart.ident.version, hart.ident.release)

    created = call("origins.create_origin", 201, body=model("NewOrigin")(name=origin)).parsed
    call("keys.upload_public_key", 201, origin, "20240101000000", body=file(public.text.encode()))
    call("keys.upload_secret_key", 201, origin, "20240101000000", body=file(secret.text.encode()))
    published = call("packages.upload_package", 201, *ident, body=file(hart.content), checksum=hart.checksum)
    call("channels.show_latest_in_channel", 404, origin, "stable", name)
    call("channels.promote_package", 200, origin, "stable", *ident[1:], target="x86_64-linux")
    stable = call("channels.show_latest_in_channel", 200, origin, "stable", name).parsed
    newest = call("packages.show_latest", 200, origin, name).parsed
    listed = call("channels.list_channel_packages", 200, origin, "stable").parsed
    archive = call("packages.download_archive", 200, *ident)

    assert (created.name, published.parsed) == (origin, f"/pkgs/{hart.path}/download")
    assert call("keys.download_newest_public_key", 200, origin).parsed == public.text
    assert stable.ident.to_dict() == dict(zip(("origin", "name", "version", "release"), ident, strict=True))
    assert (stable.checksum, newest.checksum, newest.size) == (hart.checksum, hart.checksum, len(hart.content))
    assert [package.release for package in listed.data] == [hart.ident.release]
    assert archive.parsed.payload.read() == hart.content


def test_it_reads_plans_and_the_texts_of_refusals(call: Operation) -> None:
    origin = a_name("origin")
    hart = a_hart(origin=origin, name=a_name("widget"))
    call("origins.create_origin", 201, body=model("NewOrigin")(name=origin))
    ident = (origin, hart.ident.name, hart.ident.version, hart.ident.release)
    call("packages.upload_package", 201, *ident, body=file(hart.content), checksum=hart.checksum)
    trial = model("PackageSet")(channel="stable", idents=[hart.path], dry_run=True)

    plan = call("package_sets.promote_set", 200, origin, body=trial).parsed
    refusal = call("package_sets.promote_set", 422, origin, body=model("PackageSet")(channel="stable", idents=[]))
    call("packages.show_package", 404, *ident[:3], "20200101000000")

    assert (plan.possible, plan.applied, plan.packages[0].ident.name) == (True, False, hart.ident.name)
    assert refusal.parsed.startswith("`idents` must name")
