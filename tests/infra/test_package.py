"""What would be deployed passes the linter, before and after AWS's own translation (platform.md 4.6)."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra import package
from infra.template import read_template


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project packaged without its libraries, which would have to be downloaded."""
    folder = tmp_path_factory.mktemp("package")
    project = folder / "project"
    project.mkdir()
    for name in ("app.py", "chalicelib", ".chalice"):
        source = package.REPOSITORY / name
        ignored = shutil.ignore_patterns("__pycache__", "deployments")
        shutil.copytree(source, project / name, ignore=ignored) if source.is_dir() else shutil.copy(source, project)
    (project / "requirements.txt").touch()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(package, "REPOSITORY", project)
        package.package("dev", folder / "build")
    return folder / "build"


def resources(built: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((built / name).read_text())["Resources"]
    return found


def test_every_resource_of_ours_arrives_with_a_type(built):
    merged = resources(built, "sam.json")

    for name in read_template()["Resources"]:
        assert "Type" in merged[name], f"{name} is nothing that Chalice declares"


def test_the_function_finds_its_resources_and_has_rights_of_its_own(built):
    function = resources(built, "cloudformation.json")["APIHandler"]["Properties"]

    assert function["Environment"]["Variables"] == {
        "BLDR_TABLE": {"Ref": "Table"},
        "BLDR_BUCKET": {"Ref": "Artifacts"},
        "BLDR_BUILDER_KEY_SECRET": {"Ref": "BuilderKey"},
        "BLDR_STAGE": "dev",
    }
    assert (function["MemorySize"], function["Timeout"], function["Runtime"]) == (1024, 29, "python3.11")
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": "APIHandlerLogs"}}


def test_an_unknown_route_is_an_empty_404(built):
    api = resources(built, "cloudformation.json")["RestAPI"]["Properties"]["Body"]
    answers = api["x-amazon-apigateway-gateway-responses"]

    for kind in ("MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE"):
        assert answers[kind] == {"statusCode": "404", "responseTemplates": {"application/json": ""}}
    assert answers["REQUEST_TOO_LARGE"]["statusCode"] == "413"
    assert api["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_the_stage_is_the_version_prefix(built):
    found = resources(built, "cloudformation.json")
    stages = [one["Properties"]["StageName"] for one in found.values() if one["Type"] == "AWS::ApiGateway::Stage"]

    assert stages == ["v1"]


def test_the_archive_holds_the_service_and_nothing_local(built):
    names = zipfile.ZipFile(built / "deployment.zip").namelist()

    assert "app.py" in names
    assert "chalicelib/http/app.py" in names
    assert not [name for name in names if name.startswith(("infra", "tests", "moto", "boto3"))]
