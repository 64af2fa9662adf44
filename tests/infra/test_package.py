"""The deployment passes the linter, before and after AWS's transform, and its archive is complete (platform.md 4.6)."""

import ast
import json
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from chalicelib.accounts.sign_in.providers import PROVIDERS
from chalicelib.builds.groups.repeats import GroupOfEventRow
from chalicelib.builds.jobs import logs
from chalicelib.builds.jobs.rows import LogChunkRow
from chalicelib.builds.workers.rows import ClaimRow
from chalicelib.catalog.job_token_rows import JobTokenRow
from chalicelib.identity.worker_rows import SightingRow
from chalicelib.platform.config import read_config
from chalicelib.platform.settings.declaration import SETTINGS
from infra.template import REPOSITORY, read_template
from infra.template import machine as read_machine
from tests.rights import overview
from tests.rights.policies import own_policies, policies_of

BESIDE_THE_API = {"FinishUpload": 900, "Sweep": 900, "ApplyRetention": 900, "FoldEvents": 120}
"""The other functions, and their seconds."""

OF_BUILDS = {
    "ScheduleDependents": 300,
    "StepGroup": 900,
    "StepJob": 900,
    "Reconcile": 900,
    "WatchJobs": 120,
    "WatchGroups": 300,
    "RepairGroups": 900,
    "CleanUpBuilds": 900,
    "ContinueLongChange": 300,
    "WatchLongChanges": 300,
}
"""The functions of the build service and of long changes, and their seconds."""


EXPIRING = (LogChunkRow, JobTokenRow, SightingRow, ClaimRow, GroupOfEventRow)
"""Rows of builds with a time to live."""


def resources(built: Path, template: str) -> dict[str, Any]:
    """Return the resources of one of the two templates."""
    found: dict[str, Any] = json.loads((built / template).read_text())["Resources"]
    return found


def test_every_resource_of_the_template_has_a_type_after_the_merge(built: Path) -> None:
    merged = resources(built, "sam.json")

    for name in read_template()["Resources"]:
        assert "Type" in merged[name], f"Chalice declares no resource {name}"


def test_the_api_function_knows_its_resources_and_limits(built: Path) -> None:
    function = resources(built, "cloudformation.json")["APIHandler"]["Properties"]

    assert (
        function["Environment"]["Variables"].items()
        >= {
            "BLDR_TABLE": {"Ref": "Table"},
            "BLDR_BUCKET": {"Ref": "Artifacts"},
            "BLDR_BUILDER_KEY_SECRET": {"Ref": "BuilderKey"},
            "BLDR_UPLOAD_FUNCTION": {"Ref": "FinishUpload"},
            "BLDR_BUILD_FUNCTION": {"Ref": "ScheduleDependents"},
            "BLDR_CDN_URL": {"Fn::If": ["HasCdn", {"Fn::Sub": "https://${Distribution.DomainName}"}, ""]},
            "BLDR_CDN_KEY_ID": of_signer("CdnKey"),
            "BLDR_CDN_KEY_SECRET": of_signer("CdnSigningKey"),
            "BLDR_STAGE": "dev",
        }.items()
    )
    assert (function["MemorySize"], function["Timeout"], function["Runtime"]) == (
        1024,
        29,
        f"python{sys.version_info.major}.{sys.version_info.minor}",
    )
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "APIHandlerLogs"}


def of_signer(resource: str) -> dict[str, Any]:
    """Return the reference to the resource of the slot that signs download URLs."""
    return {"Fn::If": ["SignsWithB", {"Ref": f"{resource}B"}, {"Fn::If": ["HasCdnKeyA", {"Ref": resource}, ""]}]}


def variables_of(found: dict[str, Any], function: str) -> dict[str, Any]:
    """Return the environment of a function."""
    variables: dict[str, Any] = found[function]["Properties"]["Environment"]["Variables"]
    return variables


def test_the_api_gets_every_setting_that_is_not_local(built: Path) -> None:
    variables = variables_of(resources(built, "cloudformation.json"), "APIHandler")
    declared = {setting.variable for setting in SETTINGS if not setting.local}

    assert variables.keys() == declared


def test_all_functions_get_the_same_settings(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    api = variables_of(found, "APIHandler")

    for name in (*BESIDE_THE_API, *OF_BUILDS):
        variables = variables_of(found, name)
        assert variables.items() <= api.items()
        assert ("BLDR_BUILD_FUNCTION" in variables) is (name == "FinishUpload")
        assert api.keys() - variables.keys() - {"BLDR_BUILD_FUNCTION"} == {
            "BLDR_BUILDER_KEY_SECRET",
            "BLDR_CDN_KEY_ID",
            "BLDR_CDN_KEY_SECRET",
            "BLDR_CDN_URL",
            "BLDR_GITHUB_APP_PRIVATE_KEY_ARN",
            "BLDR_GITHUB_WEBHOOK_SECRET_ARN",
            "BLDR_OAUTH_CLIENT_SECRET_ARN",
            "BLDR_ONLY_THROUGH_SITE",
            "BLDR_SITE_KEY_SECRET",
            "BLDR_UPLOAD_FUNCTION",
        }


def test_the_defaults_of_parameters_are_valid_settings(built: Path) -> None:
    template = json.loads((built / "cloudformation.json").read_text())
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    variables = variables_of(template["Resources"], "APIHandler")
    values = {name: defaults[value["Ref"]] for name, value in variables.items() if value_is_parameter(value, defaults)}

    assert len(values) >= 19
    assert asdict(read_config(values)) == asdict(read_config({}))


def value_is_parameter(value: Any, parameters: dict[str, str]) -> bool:
    """Return whether the value of a variable is a reference to a parameter."""
    return isinstance(value, dict) and value.get("Ref") in parameters


def test_every_provider_can_be_chosen() -> None:
    choices = read_template()["Parameters"]["OAuthProvider"]["AllowedValues"]

    assert {read_config({"BLDR_OAUTH_PROVIDER": choice}).oauth_provider for choice in choices} == set(PROVIDERS)


def test_no_secret_is_a_parameter_or_the_text_of_a_variable(built: Path) -> None:
    template = json.loads((built / "cloudformation.json").read_text())
    secrets = {name for name, one in template["Resources"].items() if one["Type"] == "AWS::SecretsManager::Secret"}
    variables = variables_of(template["Resources"], "APIHandler")
    from_secrets = {name for name, value in variables.items() if any(f"'{secret}'" in str(value) for secret in secrets)}

    assert not any(name.endswith(("Secret", "PrivateKey", "Token")) for name in template["Parameters"])
    assert from_secrets == {
        "BLDR_BUILDER_KEY_SECRET",
        "BLDR_CDN_KEY_SECRET",
        "BLDR_GITHUB_APP_PRIVATE_KEY_ARN",
        "BLDR_GITHUB_WEBHOOK_SECRET_ARN",
        "BLDR_OAUTH_CLIENT_SECRET_ARN",
        "BLDR_SITE_KEY_SECRET",
    }


def test_the_packaged_policies_are_those_that_the_suite_enforces(built: Path) -> None:
    packaged = policies_of(json.loads((built / "cloudformation.json").read_text())).statements
    enforced = own_policies().statements

    assert {name: set(statements) for name, statements in packaged.items()} == {
        name: set(statements) for name, statements in enforced.items()
    }


def test_the_api_has_a_public_function_url_and_no_gateway(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    url = found["ApiUrl"]["Properties"]
    permissions = {
        one["Properties"]["Action"]: one["Properties"]
        for one in found.values()
        if one["Type"] == "AWS::Lambda::Permission" and one["Properties"]["Principal"] == "*"
    }

    assert not {one["Type"] for one in found.values() if one["Type"].startswith("AWS::ApiGateway")}
    assert (url["TargetFunctionArn"], url["AuthType"]) == ({"Fn::GetAtt": ["APIHandler", "Arn"]}, "NONE")
    assert permissions.keys() == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert permissions["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "NONE"
    assert permissions["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True


def test_the_site_caches_by_url_and_token_only_what_the_api_permits(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    policy = found["SiteCaching"]["Properties"]["CachePolicyConfig"]
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    site = found["Site"]["Properties"]["DistributionConfig"]

    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0)
    assert key["HeadersConfig"] == {"HeaderBehavior": "whitelist", "Headers": ["Authorization"]}
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert {each["ErrorCachingMinTTL"] for each in site["CustomErrorResponses"]} == {0}
    assert {400, 403, 404, 503} <= {each["ErrorCode"] for each in site["CustomErrorResponses"]}


def test_the_site_sends_the_key_that_the_function_knows(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    origin, *_ = found["Site"]["Properties"]["DistributionConfig"]["Origins"]

    assert origin["OriginCustomHeaders"] == [
        {"HeaderName": "x-bldr-site-key", "HeaderValue": {"Fn::Sub": "{{resolve:secretsmanager:${SiteKey}}}"}}
    ]
    assert variables_of(found, "APIHandler")["BLDR_SITE_KEY_SECRET"] == {"Fn::If": ["HasSite", {"Ref": "SiteKey"}, ""]}


def test_everything_of_the_site_is_optional(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    of_cloudfront = {name for name, one in found.items() if one["Type"].startswith("AWS::CloudFront")}
    names = {name for name in of_cloudfront if name.startswith("Site")} - {"SiteUploads"}

    assert len(names) == 5
    assert found["SiteUploads"]["Condition"] == "HasGatewayBehindSite"
    assert all(found[name]["Condition"] == "HasSite" for name in names | {"SiteKey", "APIHandlerKnowsSite"})


def test_the_functions_beside_the_api_have_minutes_and_fewer_permissions(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    functions = ("APIHandler", *BESIDE_THE_API, *OF_BUILDS)
    roles = {found[name]["Properties"]["Role"]["Fn::GetAtt"][0] for name in functions}

    assert len(roles) == len(functions)
    assert {name: found[name]["Properties"]["Timeout"] for name in OF_BUILDS} == OF_BUILDS
    for name, seconds in BESIDE_THE_API.items():
        assert found[name]["Properties"]["Timeout"] == seconds
        statements = found[f"{name}Access"]["Properties"]["PolicyDocument"]["Statement"]
        actions = {action for statement in statements for action in _actions(statement)}
        assert not {action for action in actions if action.startswith("secretsmanager:")}
        assert ("lambda:InvokeFunction" in actions) is (name == "FinishUpload")
        if name != "FinishUpload":
            assert not actions & {"s3:PutObject", "s3:GetObject"}, f"{name} only removes objects"


def _actions(statement: dict[str, Any]) -> list[str]:
    actions: list[str] | str = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def test_functions_run_at_their_times(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    rules = [one["Properties"] for one in found.values() if one["Type"] == "AWS::Events::Rule"]
    scheduled = {
        rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]: rule["ScheduleExpression"]
        for rule in rules
        if "ScheduleExpression" in rule
    }

    assert scheduled == {
        "FoldEvents": "rate(1 minute)",
        "Sweep": "rate(1 hour)",
        "ApplyRetention": "rate(1 hour)",
        "WatchJobs": "rate(1 minute)",
        "WatchGroups": "rate(5 minutes)",
        "WatchLongChanges": "rate(5 minutes)",
        "RepairGroups": "rate(15 minutes)",
        "CleanUpBuilds": "rate(1 day)",
    }


def test_executions_that_fail_are_reconciled(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    pattern = found["ReconcileRule"]["Properties"]["EventPattern"]

    assert pattern["detail"] == {
        "status": ["ABORTED", "FAILED", "TIMED_OUT"],
        "stateMachineArn": [{"Ref": "GroupMachine"}, {"Ref": "JobMachine"}],
    }
    assert found["ReconcilePermission"]["Properties"]["SourceArn"] == {"Fn::GetAtt": ["ReconcileRule", "Arn"]}


@pytest.mark.parametrize(
    ("machine", "function"),
    [("GroupMachine", "StepGroup"), ("JobMachine", "StepJob"), ("LongChangeMachine", "ContinueLongChange")],
)
def test_a_state_machine_may_invoke_its_function_and_no_other(built: Path, machine: str, function: str) -> None:
    found = resources(built, "cloudformation.json")
    properties = found[machine]["Properties"]
    policies = found[f"{machine}Role"]["Properties"]["Policies"]
    [invoke] = [each["PolicyDocument"]["Statement"] for each in policies if each["PolicyName"] == "InvokeSteps"]
    text = properties["DefinitionString"]["Fn::Sub"]

    assert invoke == [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": [function, "Arn"]}}
    ]
    assert set(re.findall(r"\$\{.*?\}", text)) == {f"${{{function}.Arn}}"}
    assert json.loads(text) == read_machine(machine)
    assert properties["LoggingConfiguration"]["IncludeExecutionData"] is False


@pytest.mark.parametrize(
    ("setting", "machine"), [("GROUP", "GroupMachine"), ("JOB", "JobMachine"), ("LONG_CHANGE", "LongChangeMachine")]
)
def test_the_settings_name_the_state_machines(built: Path, setting: str, machine: str) -> None:
    found = resources(built, "cloudformation.json")
    arn = variables_of(found, "APIHandler")[f"BLDR_{setting}_MACHINE"]["Fn::Sub"]

    assert arn.endswith(f":stateMachine:{found[machine]['Properties']['StateMachineName']['Fn::Sub']}")


def test_workers_on_codebuild_reach_nothing_of_the_depot(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    statements = [
        statement
        for policy in found["WorkerRole"]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    actions = {action for statement in statements for action in _actions(statement)}
    names = ("WorkerLogs", "WorkerRole", "WorkerProject", "WatchJobsStartsWorkers")

    assert {action.partition(":")[0] for action in actions} == {"logs"}
    assert all(found[name]["Condition"] == "HasWorkers" for name in names)
    assert found["WorkerProject"]["Properties"]["Name"] == {"Fn::Sub": "${AWS::StackName}-worker"}


def test_workers_on_codebuild_use_the_address_at_which_the_depot_accepts_requests(built: Path) -> None:
    """With OnlyThroughSite, the function refuses what does not come through the distribution."""
    project = resources(built, "cloudformation.json")["WorkerProject"]["Properties"]
    [url] = project["Environment"]["EnvironmentVariables"]
    with_domain, domain, without = url["Value"]["Fn::Sub"][1]["Host"]["Fn::If"]

    assert (with_domain, domain) == ("HasDomain", {"Ref": "DomainName"})
    assert without["Fn::If"][:2] == ["HasSite", {"Fn::GetAtt": ["Site", "DomainName"]}]


def test_every_role_of_the_package_is_in_the_table_of_roles(built: Path) -> None:
    """Chalice and AWS's transform may add roles. They trust Lambda and have no managed policies."""
    found = resources(built, "cloudformation.json")
    roles = {name: one["Properties"] for name, one in found.items() if one["Type"] == "AWS::IAM::Role"}
    principals = {
        name: [each["Principal"] for each in role["AssumeRolePolicyDocument"]["Statement"]]
        for name, role in roles.items()
        if "AssumeRolePolicyDocument" not in read_template()["Resources"][name]["Properties"]
    }

    assert set(roles) == set(overview.PURPOSES), "see tests/infra/test_rights_of_roles.py"
    assert not any("ManagedPolicyArns" in role for role in roles.values())
    assert all(each == [{"Service": "lambda.amazonaws.com"}] for each in principals.values())


@pytest.mark.parametrize("template", ["sam.json", "cloudformation.json"])
def test_workers_on_codebuild_follow_the_specification_in_the_repository(built: Path, template: str) -> None:
    source = resources(built, template)["WorkerProject"]["Properties"]["Source"]

    assert source == {
        "Type": "NO_SOURCE",
        "BuildSpec": (REPOSITORY / "infra/worker/buildspec.yaml").read_text(),
    }


def test_an_upload_starts_the_builds_of_dependents_once(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    tries = found["ScheduleDependentsTries"]["Properties"]

    assert (tries["FunctionName"], tries["MaximumRetryAttempts"]) == ({"Ref": "ScheduleDependents"}, 0)
    for function in ("APIHandler", "FinishUpload"):
        assert variables_of(found, function)["BLDR_BUILD_FUNCTION"] == {"Ref": "ScheduleDependents"}


def test_rows_and_logs_expire(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    [rule] = [
        rule
        for rule in found["Artifacts"]["Properties"]["LifecycleConfiguration"]["Rules"]
        if logs.archive_name(1).startswith(rule.get("Prefix", "-"))
    ]

    assert found["Table"]["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert {row.expires_at.attr_name for row in EXPIRING} == {"expires_at"}
    assert rule["ExpirationInDays"] == {"Fn::If": ["DeletesLogs", {"Ref": "LogDays"}, 1]}
    assert rule["Status"] == {"Fn::If": ["DeletesLogs", "Enabled", "Disabled"]}


def test_the_distribution_needs_signed_urls_and_caches_by_path_alone(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    behaviour = found["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    cache_key = found["CdnCaching"]["Properties"]["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]

    assert behaviour["TrustedKeyGroups"] == [{"Ref": "CdnKeyGroup"}]
    assert behaviour["Compress"] is False
    assert "OriginRequestPolicyId" not in behaviour, "it would forward Authorization to S3"
    assert cache_key["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert cache_key["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert found["CdnAccess"]["Properties"]["OriginAccessControlConfig"]["SigningBehavior"] == "always"


def test_the_distribution_is_only_created_with_a_public_key(built: Path) -> None:
    found = resources(built, "cloudformation.json")
    names = {
        name
        for name, one in found.items()
        if one["Type"].startswith("AWS::CloudFront::") and not name.startswith(("Site", "Gateway"))
    }

    slots = {"A": {"CdnKey", "CdnSigningKey", "APIHandlerSignsUrls"}}
    slots["B"] = {f"{name}B" for name in slots["A"]}
    assert len(names) == 7
    assert all(found[name]["Condition"] == "HasCdn" for name in names - slots["A"] - slots["B"])
    for slot, of_slot in slots.items():
        assert {found[name]["Condition"] for name in of_slot} == {f"HasCdnKey{slot}"}


@pytest.mark.parametrize("template", ["sam.json", "cloudformation.json"])
def test_the_edge_function_has_the_code_that_the_tests_run(built: Path, template: str) -> None:
    found = resources(built, template)
    function = found["CdnFileName"]["Properties"]
    behaviour = found["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]

    assert function["FunctionCode"] == (REPOSITORY / "infra/edge/x_filename.js").read_text()
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert behaviour["FunctionAssociations"] == [
        {"EventType": "viewer-response", "FunctionARN": {"Fn::GetAtt": ["CdnFileName", "FunctionARN"]}}
    ]


def test_requirements_list_every_package_that_the_service_imports() -> None:
    requirements = (REPOSITORY / "requirements.txt").read_text().lower()
    distributions = packages_distributions()
    # Chalice adds its own runtime to the archive.
    modules = imported_modules(REPOSITORY / "chalicelib") - sys.stdlib_module_names - {"chalicelib", "chalice"}

    assert "msgspec" in modules
    for module in modules:
        assert any(f"\n{name.lower().replace('_', '-')}==" in requirements for name in distributions[module]), module


def imported_modules(folder: Path) -> set[str]:
    """Return the top-level names of all modules that the code in a folder imports."""
    modules: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                modules.add(node.module.partition(".")[0])
    return modules
