"""Each function and state machine of the template has its own limits, log, role, and a place for its failures."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.template import read_template

Resource = dict[str, Any]
ASYNCHRONOUS = {
    "ApplyRetention",
    "CleanUpBuilds",
    "FinishUpload",
    "FoldEvents",
    "Reconcile",
    "RepairGroups",
    "ScheduleDependents",
    "Sweep",
    "WatchGroups",
    "WatchJobs",
    "WatchLongChanges",
}
"""Functions that are invoked by events. The API and Step Functions wait for the others."""

MACHINE = "AWS::StepFunctions::StateMachine"


@pytest.fixture(scope="module")
def resources(packaged: dict[str, Any]) -> dict[str, Resource]:
    """The resources of the packaged template."""
    return dict(packaged["Resources"])


def of_type(resources: dict[str, Resource], kind: str) -> Iterator[tuple[str, Resource]]:
    """Yield the resources of a type with their properties."""
    return ((name, one.get("Properties", {})) for name, one in resources.items() if one["Type"] == kind)


def test_each_function_has_its_own_limits_and_log(resources: dict[str, Resource]) -> None:
    functions = dict(of_type(resources, "AWS::Lambda::Function"))
    own = read_template()["Resources"]

    assert len(functions) == 15
    for name, function in functions.items():
        assert {"MemorySize", "Timeout", "ReservedConcurrentExecutions"} <= own[name]["Properties"].keys(), name
        assert function["LoggingConfig"] == {
            "ApplicationLogLevel": "INFO",
            "LogFormat": "JSON",
            "LogGroup": {"Ref": f"{name}Logs"},
            "SystemLogLevel": "WARN",
        }
        assert resources[f"{name}Logs"]["Properties"]["RetentionInDays"] == {"Ref": "ServiceLogDays"}
        assert function["TracingConfig"] == {"Mode": {"Fn::If": ["SendsTraces", "Active", "PassThrough"]}}
    roles = [function["Role"]["Fn::GetAtt"][0] for function in functions.values()]
    assert len(set(roles)) == len(roles)


def test_concurrency_is_reserved_only_if_that_is_wanted(resources: dict[str, Resource]) -> None:
    """A new account has ten concurrent executions, none of which can be reserved."""
    reserved = {
        name: function["ReservedConcurrentExecutions"]["Fn::If"]
        for name, function in of_type(resources, "AWS::Lambda::Function")
    }

    assert reserved.pop("APIHandler") == ["LimitsApi", {"Ref": "ApiConcurrency"}, {"Ref": "AWS::NoValue"}]
    assert {(wanted, otherwise["Ref"]) for wanted, _, otherwise in reserved.values()} == {
        ("ReservesConcurrency", "AWS::NoValue")
    }
    assert sum(share for _, share, _ in reserved.values()) == 131, "docs/OPERATIONS.md names the sum"


def test_failed_events_are_kept(resources: dict[str, Resource]) -> None:
    queue = {"Fn::GetAtt": ["FailedEvents", "Arn"]}
    tries = {one["FunctionName"]["Ref"]: one for _, one in of_type(resources, "AWS::Lambda::EventInvokeConfig")}
    senders = {role["Ref"] for role in resources["SendFailedEvents"]["Properties"]["Roles"]}

    assert tries.keys() == ASYNCHRONOUS
    assert senders == {resources[name]["Properties"]["Role"]["Fn::GetAtt"][0] for name in ASYNCHRONOUS}
    for name, one in tries.items():
        assert one["DestinationConfig"] == {"OnFailure": {"Destination": queue}}
        assert {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"} <= one.keys()
        assert resources[f"{name}Tries"]["DependsOn"] == "SendFailedEvents"


def test_events_that_reach_no_function_are_kept(resources: dict[str, Resource]) -> None:
    queue = {"Fn::GetAtt": ["FailedEvents", "Arn"]}
    targets = [target for _, rule in of_type(resources, "AWS::Events::Rule") for target in rule["Targets"]]

    assert {target["Arn"]["Fn::GetAtt"][0] for target in targets} == ASYNCHRONOUS - {
        "FinishUpload",
        "ScheduleDependents",
    }
    for target in targets:
        assert target["DeadLetterConfig"] == {"Arn": queue}
        assert {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"} <= target["RetryPolicy"].keys()


def test_the_queue_is_encrypted_and_refuses_plain_http(resources: dict[str, Resource]) -> None:
    queue = resources["FailedEvents"]["Properties"]
    deny, _ = resources["FailedEventsSenders"]["Properties"]["PolicyDocument"]["Statement"]

    assert (queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"]) == (14 * 24 * 3600, True)
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_each_state_machine_has_its_own_role_and_logs_and_can_be_traced(resources: dict[str, Resource]) -> None:
    machines = dict(of_type(resources, MACHINE))

    assert len(machines) == 3
    for name, machine in machines.items():
        assert machine["RoleArn"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        assert machine["LoggingConfiguration"]["Level"] == "ERROR"
        assert machine["TracingConfiguration"] == {"Enabled": {"Fn::If": ["SendsTraces", True, False]}}


def test_every_function_may_send_traces_only_if_they_are_on(resources: dict[str, Resource]) -> None:
    policy = resources["SendTraces"]
    functions = of_type(resources, "AWS::Lambda::Function")
    roles = {function["Role"]["Fn::GetAtt"][0] for _, function in functions}
    machines = {machine["RoleArn"]["Fn::GetAtt"][0] for _, machine in of_type(resources, MACHINE)}

    assert policy["Condition"] == "SendsTraces"
    assert {role["Ref"] for role in policy["Properties"]["Roles"]} == roles | machines


def test_names_of_cloudfront_do_not_collide_with_those_of_other_regions(resources: dict[str, Resource]) -> None:
    named = {
        "AWS::CloudFront::PublicKey": "PublicKeyConfig",
        "AWS::CloudFront::KeyGroup": "KeyGroupConfig",
        "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig",
        "AWS::CloudFront::CachePolicy": "CachePolicyConfig",
        "AWS::CloudFront::Function": None,
    }
    for kind, key in named.items():
        for name, properties in of_type(resources, kind):
            text = (properties if key is None else properties[key])["Name"]["Fn::Sub"]
            assert "${AWS::StackName}" in text, name
            assert "${AWS::Region}" in text, name
