"""A double of CloudFormation: one stack, change sets that compare templates, and events. moto has no such changes."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
REGION = "eu-central-1"


class Stacks:
    """The client of CloudFormation. `fails` is the state in which the next execution ends instead of succeeding."""

    class exceptions:  # noqa: N801 - as botocore's clients name it
        """The errors of the client."""

        class ChangeSetNotFoundException(Exception):
            """There is no such change set."""

    def __init__(self, objects: Mapping[str, str]) -> None:
        self._objects = objects
        self.stack: dict[str, Any] | None = None
        self.template: dict[str, Any] = {"Resources": {}}
        self.fails: str | None = None
        self.executed = 0
        self.replacements: dict[str, str] = {}
        self.change_sets: dict[str, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - as boto3 names them
        """Return the stack."""
        if self.stack is None or StackName not in (self.stack["StackName"], self.stack["StackId"]):
            error = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")
        return {"Stacks": [dict(self.stack)]}

    def get_template_summary(self, **query: str) -> dict[str, Any]:
        """Return the parameters of a template."""
        declared = self._template(query).get("Parameters", {})
        return {"Parameters": [{"ParameterKey": name} for name in declared]}

    def create_change_set(self, StackName: str, ChangeSetName: str, ChangeSetType: str, **options: Any) -> Any:  # noqa: N803 - as boto3 names them
        """Compare the template and the parameters with those of the stack."""
        template, before = self._template(options), dict(self._parameters())
        given = {each["ParameterKey"]: each.get("ParameterValue") for each in options["Parameters"]}
        values = {name: entry["Default"] for name, entry in template.get("Parameters", {}).items()} | {
            name: before[name] if value is None else value for name, value in given.items()
        }
        if self.stack is None:
            assert ChangeSetType == "CREATE"
            self.stack = self._new(StackName)
        changes = self._changes(template)
        unchanged = not changes and values == before and self.stack["StackStatus"] != "REVIEW_IN_PROGRESS"
        self.change_sets[ChangeSetName] = {
            "Status": "FAILED" if unchanged else "CREATE_COMPLETE",
            "StatusReason": "The submitted information didn't contain changes." if unchanged else "",
            "Changes": changes,
            "Template": template,
            "Parameters": values,
        }
        return {"Id": ChangeSetName}

    def execute_change_set(self, ChangeSetName: str) -> None:  # noqa: N803 - as boto3 names them
        """Put the stack into the state of the change set."""
        assert self.stack is not None
        change_set = self.change_sets.pop(ChangeSetName)
        self.executed += 1
        verb = "CREATE" if self.stack["StackStatus"] == "REVIEW_IN_PROGRESS" else "UPDATE"
        self.stack["StackStatus"] = self.fails or f"{verb}_COMPLETE"
        if self.fails is not None:
            self._event("Table", "CREATE_FAILED", "the reason")
        else:
            self.template = change_set["Template"]
            pairs = change_set["Parameters"].items()
            self.stack["Parameters"] = [{"ParameterKey": name, "ParameterValue": value} for name, value in pairs]
        self.fails = None
        self._event(self.stack["StackName"], self.stack["StackStatus"], physical=self.stack["StackId"])

    def delete_change_set(self, ChangeSetName: str) -> None:  # noqa: N803 - as boto3 names them
        """Forget a change set."""
        self.change_sets.pop(ChangeSetName, None)

    def delete_stack(self, StackName: str) -> None:  # noqa: N803 - as boto3 names them
        """Delete the stack."""
        assert self.stack is not None
        assert not self.stack["EnableTerminationProtection"]
        self.stack, self.template = None, {"Resources": {}}

    def update_termination_protection(self, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803 - as boto3 names them
        """Protect the stack, or not."""
        assert self.stack is not None
        self.stack["EnableTerminationProtection"] = EnableTerminationProtection

    def list_stack_resources(self) -> list[dict[str, Any]]:
        """Return the resources of the stack."""
        resources = self.template["Resources"].items()
        return [{"ResourceType": each["Type"], "PhysicalResourceId": f"my-{name}"} for name, each in resources]

    def _new(self, name: str) -> dict[str, Any]:
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1"
        self._event(name, "REVIEW_IN_PROGRESS", physical=arn)
        return {
            "StackName": name,
            "StackId": arn,
            "StackStatus": "REVIEW_IN_PROGRESS",
            "EnableTerminationProtection": False,
            "Outputs": [{"OutputKey": "ApiUrl", "OutputValue": "https://depot.example/v1/"}],
        }

    def _template(self, options: Mapping[str, Any]) -> dict[str, Any]:
        if "TemplateURL" not in options:
            return self.template
        template: dict[str, Any] = json.loads(self._objects["templates/" + options["TemplateURL"].rpartition("/")[2]])
        return template

    def _parameters(self) -> dict[str, str]:
        stored = (self.stack or {}).get("Parameters", ())
        return {each["ParameterKey"]: each["ParameterValue"] for each in stored}

    def _changes(self, template: Mapping[str, Any]) -> list[dict[str, Any]]:
        before, after = self.template["Resources"], template["Resources"]
        changes = [("Add", name, after[name]) for name in after.keys() - before.keys()]
        changes += [("Remove", name, before[name]) for name in before.keys() - after.keys()]
        both = [name for name in after.keys() & before.keys() if after[name] != before[name]]
        changes += [("Modify", name, after[name]) for name in both]
        return [{"ResourceChange": self._change(*change)} for change in changes]

    def _change(self, action: str, name: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        replacement = self.replacements.get(name, "False")
        change = {"Action": action, "LogicalResourceId": name, "ResourceType": resource["Type"]}
        return change | ({"Replacement": replacement} if action == "Modify" else {})

    def _event(self, name: str, status: str, reason: str = "", physical: str = "") -> None:
        self.log.insert(
            0,
            {
                "EventId": str(len(self.log)),
                "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/bldr-dev/1",
                "PhysicalResourceId": physical,
                "LogicalResourceId": name,
                "ResourceType": "AWS::DynamoDB::Table",
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            },
        )
