"""A creation or an update of a stack as a change set: prepared, shown, then executed or discarded."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import progress
from infra.deploy.artifacts import code_bucket_name
from infra.deploy.aws import Account, parameters_of
from infra.deploy.changes import ResourceChange, parse
from infra.deploy.problems import NotPossible, code_of

NAME = "bldr-deploy"
SECONDS_BETWEEN_LOOKS = 1
UNCHANGED = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed."""

    arn: str
    creates: bool
    changes: list[ResourceChange]


class StackUpdate:
    """Creates, executes and deletes the change sets of a stack."""

    def __init__(self, account: Account, stack: str, say: Callable[[str], None]) -> None:
        self._account = account
        self._stack = stack
        self._say = say

    def prepare(self, template: str | None, parameters: Mapping[str, str], *, creates: bool) -> ChangeSet | None:
        """Create a change set and return it, or None if nothing would change. Raises NotPossible.

        `template` is the key of the template in the code bucket, or None to change only parameters. Parameters that
        are not given keep their values.
        """
        before = None if creates else self._account.stack(self._stack)
        source = self._source(template)
        options = {**source, "Parameters": self._parameters(source, parameters, parameters_of(before or {}))}
        name = f"{NAME}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        arn = self._account.create_change_set(self._stack, name, "CREATE" if creates else "UPDATE", **options)
        described = self._account.change_set(arn)
        while described["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            time.sleep(SECONDS_BETWEEN_LOOKS)
            described = self._account.change_set(arn)
        if described["Status"] != "FAILED":
            return ChangeSet(arn, creates, parse(described["Changes"]))
        self._delete(arn)
        reason = str(described.get("StatusReason", ""))
        if any(text in reason for text in UNCHANGED):
            return None
        raise NotPossible(f"CloudFormation refused the change: {reason}")

    def execute(self, change_set: ChangeSet) -> str:
        """Execute a change set, wait for its end, and return the state of the stack."""
        known = progress.latest_event(self._account, self._stack)
        self._account.stacks.execute_change_set(ChangeSetName=change_set.arn)
        return progress.wait(self._account, self._stack, self._say, known)

    def discard(self, change_set: ChangeSet | None, *, creates: bool) -> None:
        """Delete a change set, and the empty stack that it has made if it would create one."""
        if change_set is not None:
            self._delete(change_set.arn)
        if creates:
            found = self._account.stack(self._stack)
            if found is not None and found["StackStatus"] == "REVIEW_IN_PROGRESS":
                self._account.stacks.delete_stack(StackName=found["StackId"])

    def _delete(self, arn: str) -> None:
        with suppress(self._account.stacks.exceptions.ChangeSetNotFoundException):
            self._account.stacks.delete_change_set(ChangeSetName=arn)

    def _source(self, template: str | None) -> dict[str, Any]:
        if template is None:
            return {"UsePreviousTemplate": True}
        bucket = code_bucket_name(self._stack, self._account.id, self._account.region)
        return {"TemplateURL": self._account.template_url(bucket, template)}

    def _parameters(
        self, source: Mapping[str, Any], chosen: Mapping[str, str], current: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Return the parameters of a change set. Raises NotPossible for one that the template does not declare."""
        declared = self._declared(source)
        unknown = sorted(set(chosen) - declared)
        if unknown:
            raise NotPossible(f"the template has no parameter {unknown[0]}; it has {', '.join(sorted(declared))}")
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in sorted(chosen.items())]
        kept = sorted((set(current) & declared) - set(chosen))
        return given + [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]

    def _declared(self, source: Mapping[str, Any]) -> set[str]:
        query = {"StackName": self._stack} if "UsePreviousTemplate" in source else source
        try:
            summary = self._account.stacks.get_template_summary(**query)
        except ClientError as problem:
            if code_of(problem) == "ValidationError":
                raise NotPossible(f"CloudFormation refused the template: {problem}") from problem
            raise
        return {parameter["ParameterKey"] for parameter in summary.get("Parameters", ())}
