"""The state machines of the template, with local names of functions."""

from pathlib import Path
from typing import Any

import pytest

from local import machines
from tests.servers import aws


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A template with one machine, which replaces the project's. Its definition is in the file `job.json`."""
    (tmp_path / "infra").mkdir()
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": "infra/job.json"}}
    content: dict[str, Any] = {"Resources": {"JobMachine": resource}}
    monkeypatch.setattr(machines, "REPOSITORY", tmp_path)
    monkeypatch.setattr(machines, "read_template", lambda: content)
    return tmp_path / "infra" / "job.json"


@pytest.mark.usefixtures("table")
def test_machines_are_created_once_and_get_the_current_definition(template: Path) -> None:
    text = '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${StepJob.Arn}", "End": true}}}'
    template.write_text(text)
    created = machines.create_machines()
    template.write_text(text.replace('"A"', '"B"'))

    assert machines.create_machines() == created
    assert list(created) == ["BLDR_JOB_MACHINE"]
    described = aws("stepfunctions").describe_state_machine(stateMachineArn=created["BLDR_JOB_MACHINE"])
    assert '"StartAt": "B"' in described["definition"]
    assert machines.function_arn("step_job") in described["definition"]


@pytest.mark.usefixtures("table")
def test_a_template_without_machines_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "read_template", lambda: {"Resources": {}})

    assert machines.create_machines() == {}
