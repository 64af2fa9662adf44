"""Creates the state machines of infra/resources in the engine. Their tasks invoke functions by local names."""

import re
from typing import Any

from chalicelib.platform.aws import client
from infra.template import REPOSITORY, read_template

VARIABLES = {
    "GroupMachine": "BLDR_GROUP_MACHINE",
    "JobMachine": "BLDR_JOB_MACHINE",
    "LongChangeMachine": "BLDR_LONG_CHANGE_MACHINE",
}
"""Variables that pass the ARNs of the machines to the service, by the ids of the machines in the template."""

_ROLE = "arn:aws:iam::123456789012:role/states"  # engines check its form, and no rights
_FUNCTION_ARN = re.compile(r"\$\{(\w+)\.Arn\}")
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


def create_machines() -> dict[str, str]:
    """Create the machines, or replace the definitions of existing ones. Returns the variables with their ARNs."""
    resources = read_template()["Resources"]
    return {
        variable: _ensure_machine(name, definition(resources[name]["Properties"]))
        for name, variable in VARIABLES.items()
        if name in resources
    }


def definition(machine: dict[str, Any]) -> str:
    """Return the definition of a machine of the template, with local names of functions.

    The template has the path of a file, into whose text packaging puts the names of the deployed functions.
    """
    text = (REPOSITORY / machine["DefinitionString"]).read_text()
    return _FUNCTION_ARN.sub(lambda match: function_arn(_function_name(match[1])), text)


def function_arn(name: str) -> str:
    """Return the ARN of a function of app.py."""
    return f"arn:aws:lambda:us-east-1:123456789012:function:{name}"


def _function_name(logical_id: str) -> str:
    """Return the name in app.py of a function of the template: `step_job` for `StepJob`."""
    return _WORD_START.sub("_", logical_id).lower()


def _ensure_machine(name: str, text: str) -> str:
    states = client("stepfunctions")
    existing = {each["name"]: each["stateMachineArn"] for each in states.list_state_machines()["stateMachines"]}
    if name in existing:
        states.update_state_machine(stateMachineArn=existing[name], definition=text)
        return str(existing[name])
    return str(states.create_state_machine(name=name, definition=text, roleArn=_ROLE)["stateMachineArn"])
