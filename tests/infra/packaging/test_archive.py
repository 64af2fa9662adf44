"""The archive of a deployment has what the functions need and little else, and equal commits give equal archives."""

import sys
import zipfile
from pathlib import Path

import pytest

from chalicelib.platform.aws_services import SERVICES
from infra.packaging.archive import build_archive
from infra.packaging.chalice_project import package_code
from infra.packaging.inspection import MAX_BYTES, MAX_ZIP_BYTES, faults, unpacked_bytes
from infra.packaging.target import of_template, this_machine
from infra.template import read_template
from tests.builders.deployed_code import run_deployed

LOAD_EVERYTHING = """
import app
from chalicelib.core.deferred import load_deferred
app.app.routes
load_deferred()
"""

CREATE_CLIENTS = """
from chalicelib.platform import aws
for service in "SERVICES".split(","):
    aws.client(service)
"""

SIGN = """
import jwt, nacl.public, nacl.signing
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(65537, 2048)
assert jwt.decode(jwt.encode({"a": 1}, key, "RS256"), key.public_key(), ["RS256"]) == {"a": 1}
box = nacl.public.Box(nacl.public.PrivateKey.generate(), nacl.public.PrivateKey.generate().public_key)
box.encrypt(b"text")
nacl.signing.SigningKey.generate().sign(b"text")
"""

SEND = """
import importlib.metadata, requests
assert requests.Session().get_adapter("https://example.com")
assert importlib.metadata.version("pynamodb")
"""


@pytest.fixture
def again(tmp_path: Path) -> Path:
    """An archive that is built another time, in another folder."""
    archive, code = tmp_path / "again.zip", tmp_path / "folder" / "code"
    code.parent.mkdir()
    package_code("dev", read_template(), tmp_path / "folder", code)
    build_archive(code, this_machine(), sys.executable, archive, installed=True)
    return archive


def test_two_builds_of_a_commit_are_equal(built: Path, again: Path) -> None:
    assert (built / "deployment.zip").read_bytes() == again.read_bytes()


def test_the_archive_is_small(built: Path) -> None:
    archive = built / "deployment.zip"

    assert archive.stat().st_size <= MAX_ZIP_BYTES
    assert unpacked_bytes(zipfile.ZipFile(archive)) <= MAX_BYTES
    assert not faults(archive, this_machine())


def test_the_archive_contains_byte_code_of_the_service_and_no_developer_tools(built: Path) -> None:
    names = zipfile.ZipFile(built / "deployment.zip").namelist()
    folders = {name.partition("/")[0] for name in names}

    assert "chalicelib/http/app.pyc" in names
    assert not [name for name in names if name.endswith((".py", ".pyi"))]
    assert {"app.pyc", "chalicelib", "chalice", "boto3", "pynamodb"} <= folders
    assert not {"pip", "moto", "pytest", "tests", "infra", "local", "bldr"} & folders
    assert {name for name in names if name.startswith("chalice/")} == {"chalice/__init__.pyc", "chalice/app.pyc"}


def test_the_archive_has_the_models_of_the_services_that_the_functions_call(built: Path) -> None:
    names = zipfile.ZipFile(built / "deployment.zip").namelist()
    models = {name.split("/")[2] for name in names if name.startswith("botocore/data/") and name.count("/") > 2}

    assert models == set(SERVICES)


def test_every_module_and_client_works_from_the_archive_alone(deployed: Path) -> None:
    before = sorted(deployed.rglob("*"))

    for handler in ("app.app", "app.sweep"):
        clients = CREATE_CLIENTS.replace("SERVICES", ",".join(SERVICES))
        run_deployed(deployed, LOAD_EVERYTHING + clients + SIGN + SEND, _HANDLER=handler)

    assert sorted(deployed.rglob("*")) == before, "a module was compiled at its import"


def test_the_template_names_the_python_and_the_architecture_of_the_archive() -> None:
    target = of_template(read_template())

    assert (target.runtime, target.architecture) == ("python3.13", "arm64")
