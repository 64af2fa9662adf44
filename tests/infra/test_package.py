"""What would be deployed passes the linter, before and after AWS's own translation (platform.md 4.6)."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra import package
from infra.template import TEMPLATE, read_template


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

    assert (
        function["Environment"]["Variables"].items()
        >= {
            "BLDR_TABLE": {"Ref": "Table"},
            "BLDR_BUCKET": {"Ref": "Artifacts"},
            "BLDR_BUILDER_KEY_SECRET": {"Ref": "BuilderKey"},
            "BLDR_UPLOAD_FUNCTION": {"Ref": "FinishUpload"},
            "BLDR_CDN_URL": {"Fn::If": ["HasCdn", {"Fn::Sub": "https://${Distribution.DomainName}"}, ""]},
            "BLDR_CDN_KEY_ID": {"Fn::If": ["HasCdn", {"Ref": "CdnKey"}, ""]},
            "BLDR_CDN_KEY_SECRET": {"Fn::If": ["HasCdn", {"Ref": "CdnSigningKey"}, ""]},
            "BLDR_STAGE": "dev",
        }.items()
    )
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


BESIDE = ("FinishUpload", "Sweep", "ApplyRetention")


def test_the_functions_beside_the_api_have_time_and_fewer_rights(built):
    found = resources(built, "cloudformation.json")
    roles = {found[name]["Properties"]["Role"]["Fn::GetAtt"][0] for name in ("APIHandler", *BESIDE)}

    assert len(roles) == 1 + len(BESIDE)
    for name in BESIDE:
        assert found[name]["Properties"]["Timeout"] == 900
        allowed = found[f"{name}Access"]["Properties"]["PolicyDocument"]["Statement"]
        actions = {
            action
            for one in allowed
            for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        }
        assert not {action for action in actions if action.startswith(("secretsmanager:", "lambda:"))}
        if name != "FinishUpload":
            assert not actions & {"s3:PutObject", "s3:GetObject"}, f"{name} only removes"
    schedules = [one["Properties"] for one in found.values() if one["Type"] == "AWS::Events::Rule"]
    assert [one["ScheduleExpression"] for one in schedules] == ["rate(1 hour)"] * 2


def test_the_distribution_is_private_and_cares_for_nothing_but_the_path(built):
    found = resources(built, "cloudformation.json")
    behaviour = found["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    keyed = found["CdnCaching"]["Properties"]["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]

    assert behaviour["TrustedKeyGroups"] == [{"Ref": "CdnKeyGroup"}]
    assert behaviour["Compress"] is False
    assert "OriginRequestPolicyId" not in behaviour, "Authorization would reach S3"
    assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert keyed["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert found["CdnAccess"]["Properties"]["OriginAccessControlConfig"]["SigningBehavior"] == "always"


def test_everything_of_the_distribution_waits_for_a_public_key(built):
    found = resources(built, "cloudformation.json")
    of_it = {name for name, one in found.items() if one["Type"].startswith("AWS::CloudFront::")}

    assert len(of_it) == 6
    assert all(found[name]["Condition"] == "HasCdn" for name in of_it | {"CdnSigningKey", "APIHandlerSignsUrls"})


@pytest.mark.parametrize("template", ["sam.json", "cloudformation.json"])
def test_the_edge_function_is_the_tested_one(built, template):
    function = resources(built, template)["CdnFileName"]["Properties"]

    assert function["FunctionCode"] == TEMPLATE.with_name("edge").joinpath("x_filename.js").read_text()
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert resources(built, template)["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"][
        "FunctionAssociations"
    ] == [{"EventType": "viewer-response", "FunctionARN": {"Fn::GetAtt": ["CdnFileName", "FunctionARN"]}}]


def test_the_archive_holds_the_service_and_nothing_local(built):
    names = zipfile.ZipFile(built / "deployment.zip").namelist()

    assert "app.py" in names
    assert "chalicelib/http/app.py" in names
    assert not [name for name in names if name.startswith(("infra", "tests", "moto", "boto3"))]
