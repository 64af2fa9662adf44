"""The table of docs/SECURITY.md that says what each role may do, generated from the template.

`python -m tests.rights.overview` writes the table into the document. A test compares the two.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.template import REPOSITORY, read_template
from tests.rights.policies import as_list, documents_of, roles_of

DOCUMENT = REPOSITORY / "docs" / "SECURITY.md"
BEGIN, END = "<!-- rights of the roles -->", "<!-- end of the rights -->"
LEADING_KEYS = "dynamodb:LeadingKeys"

PURPOSES = {
    "ApiHandlerRole": "answers all requests",
    "FinishUploadRole": "publishes uploads in parts",
    "SweepRole": "removes leftovers",
    "ApplyRetentionRole": "removes packages that retention policies do not keep",
    "FoldEventsRole": "folds events into their index",
    "ScheduleDependentsRole": "makes job groups after uploads",
    "StepGroupRole": "steps of job groups",
    "StepJobRole": "steps of jobs",
    "ReconcileRole": "continues the work of executions that have ended",
    "WatchJobsRole": "watchdog of jobs",
    "WatchGroupsRole": "watchdog of job groups",
    "RepairGroupsRole": "repair of job groups",
    "CleanUpBuildsRole": "clean-up of builds",
    "ContinueLongChangeRole": "steps of long changes",
    "WatchLongChangesRole": "watchdog of long changes",
    "GroupMachineRole": "state machine of job groups",
    "JobMachineRole": "state machine of jobs",
    "LongChangeMachineRole": "state machine of long changes",
    "GatewayStartRole": "starts containers of the upload gateway, which have no role themselves",
    "WorkerRole": "workers on CodeBuild, which run foreign code",
}
"""Every role of the template, and what it is for."""


def all_roles() -> set[str]:
    """Return the roles that the template declares, or completes for Chalice."""
    resources = read_template()["Resources"]
    return set(roles_of(resources).values()) | {
        name for name, one in resources.items() if one.get("Type") == "AWS::IAM::Role"
    }


def table() -> str:
    """Return the table in Markdown."""
    lines = ["| role | actions | on |", "| --- | --- | --- |"]
    for role, purpose in PURPOSES.items():
        label = f"`{role}`: {purpose}"
        for actions, subject in _lines_of(role):
            lines.append(f"| {label} | {actions} | {subject} |")
            label = ""
    return "\n".join(lines) + "\n"


def in_document(text: str) -> str:
    """Return the table that a document contains."""
    return text.partition(BEGIN + "\n")[2].partition(END)[0]


def _lines_of(role: str) -> Iterator[tuple[str, str]]:
    for document in documents_of(read_template()["Resources"], role):
        for statement in document:
            actions = ", ".join(f"`{action}`" for action in as_list(statement["Action"]))
            yield actions, _subject(statement)


def _subject(statement: Mapping[str, Any]) -> str:
    conditions = {key: as_list(v) for keys in statement.get("Condition", {}).values() for key, v in keys.items()}
    rows = conditions.pop(LEADING_KEYS, None)
    resources = ", ".join(f"`{_short(each)}`" for each in as_list(statement["Resource"]))
    if rows is not None:
        resources += ": " + ", ".join(f"`{row}`" for row in rows)
    limits = ", ".join(f"{key} = {' or '.join(_short(each) for each in values)}" for key, values in conditions.items())
    return f"{resources} ({limits})" if limits else resources


def _short(value: Any) -> str:
    """Return a reference in few words: a logical id, or an ARN without partition, region and account."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::Sub": str(text)}:
            text = re.sub(r"arn:\$\{AWS::Partition\}:(\w+):\$\{AWS::Region\}:\$\{AWS::AccountId\}:", r"\1:", text)
            return re.sub(r"\$\{(\w+)(?:\.\w+)?\}", r"\1", text)
    return str(value)


def main() -> None:
    """Write the table into the document."""
    text = DOCUMENT.read_text()
    DOCUMENT.write_text(text.replace(BEGIN + "\n" + in_document(text), BEGIN + "\n" + table()))


if __name__ == "__main__":
    main()
