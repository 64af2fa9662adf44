"""Alarms report what can fail, and docs/OPERATIONS.md says what each means and what to do."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.platform.emf import NAMESPACE, UNITS
from chalicelib.platform.logs import SERVICE
from infra.template import REPOSITORY

Resource = dict[str, Any]
OPERATIONS = (REPOSITORY / "docs" / "OPERATIONS.md").read_text()
TREATMENTS = {"breaching", "notBreaching", "ignore"}


@pytest.fixture(scope="module")
def resources(packaged: dict[str, Any]) -> dict[str, Resource]:
    """The resources of the packaged template."""
    return dict(packaged["Resources"])


@pytest.fixture(scope="module")
def alarms(resources: dict[str, Resource]) -> dict[str, Resource]:
    """The properties of all alarms."""
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::CloudWatch::Alarm"}


def section(title: str) -> str:
    """Return a section of docs/OPERATIONS.md."""
    return OPERATIONS.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def metrics_of(alarm: Resource) -> Iterator[tuple[str, str, list[Resource]]]:
    """Yield the namespace, name and dimensions of each metric of an alarm."""
    measured = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
    for metric in measured or [alarm]:
        yield metric["Namespace"], metric["MetricName"], metric["Dimensions"]


def test_the_document_explains_each_alarm(alarms: dict[str, Resource]) -> None:
    table = section("Alarms and what to do")
    explained = [
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]

    assert sorted(explained) == sorted(alarms)


def test_each_alarm_says_what_to_do_and_reaches_the_topic(alarms: dict[str, Resource]) -> None:
    for name, alarm in alarms.items():
        assert re.search(r"\(docs/OPERATIONS\.md, \"(.+)\"\)\.$", alarm["AlarmDescription"]), name
        [title] = re.findall(r"OPERATIONS\.md, \"(.+)\"\)", alarm["AlarmDescription"])
        assert section(title), f"{name} refers to a section that does not exist"
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}]
        assert alarm["TreatMissingData"] in TREATMENTS


def test_every_function_and_state_machine_has_its_alarms(
    resources: dict[str, Resource], alarms: dict[str, Resource]
) -> None:
    watched = {
        (metric, dimension["Value"]["Ref"])
        for alarm in alarms.values()
        for _, metric, dimensions in metrics_of(alarm)
        for dimension in dimensions
        if dimension["Name"] in ("FunctionName", "StateMachineArn")
    }
    functions = {name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Function"}
    machines = {name for name, one in resources.items() if one["Type"] == "AWS::StepFunctions::StateMachine"}
    of_machines = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled")

    assert watched >= {(metric, name) for metric in ("Errors", "Throttles") for name in functions}
    assert watched >= {(metric, name) for metric in of_machines for name in machines}


def test_functions_that_run_every_few_minutes_are_missed(
    resources: dict[str, Resource], alarms: dict[str, Resource]
) -> None:
    rules = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Events::Rule"]
    frequent = {
        rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]
        for rule in rules
        if rule.get("ScheduleExpression") in ("rate(1 minute)", "rate(5 minutes)")
    }

    for name in frequent:
        alarm = alarms[f"{name}Missing"]
        assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("Invocations", "breaching")


def test_alarms_watch_our_metrics_as_they_are_published(packaged: dict[str, Any], alarms: dict[str, Resource]) -> None:
    stage = packaged["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]["BLDR_STAGE"]
    own = [metric for alarm in alarms.values() for metric in metrics_of(alarm) if metric[0] == NAMESPACE]

    assert packaged["Mappings"]["Deployment"] == {"Stage": {"Name": stage}}
    assert len(own) >= 7
    for _, name, dimensions in own:
        assert name in UNITS
        assert dimensions == [
            {"Name": "service", "Value": SERVICE},
            {"Name": "stage", "Value": {"Fn::FindInMap": ["Deployment", "Stage", "Name"]}},
        ]


def test_only_cloudwatch_may_publish_alarms_and_the_topic_is_encrypted(resources: dict[str, Resource]) -> None:
    publish, deny = resources["AlarmsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    key = resources["AlarmsKey"]["Properties"]

    assert resources["Alarms"]["Properties"]["KmsMasterKeyId"] == {"Ref": "AlarmsKey"}
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert key["EnableKeyRotation"] is True
    assert resources["AlarmsByEmail"]["Condition"] == "HasAlarmEmail"


def test_the_dashboard_shows_resources_of_every_deployment(packaged: dict[str, Any]) -> None:
    resources = packaged["Resources"]
    body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    references = {name.partition(".")[0] for name in re.findall(r"\$\{([\w.]+)\}", body)}
    widgets = json.loads(re.sub(r"\$\{.*?\}", "x", body))["widgets"]

    assert {name for name in references if "Condition" in resources[name]} == set()
    assert {widget["properties"]["region"] for widget in widgets if "region" in widget["properties"]} == {"x"}
    titles = [widget["properties"]["title"] for widget in widgets if widget["type"] == "metric"]
    assert re.findall(r"^\| (\w.+?) \|", section("Dashboard"), re.MULTILINE)[1:] == titles
