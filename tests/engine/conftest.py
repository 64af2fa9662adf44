"""What the tests of builds share: a double of the engine, and settings with state machines."""

import pytest
from msgspec.structs import replace

from chalicelib.builds import motor
from chalicelib.platform.config import Config, config
from tests.builders.engine_double import EngineDouble
from tests.rights.policies import machine_arn


@pytest.fixture
def engine(table: None, monkeypatch: pytest.MonkeyPatch) -> EngineDouble:
    """The engine's double, on the table."""
    return EngineDouble(monkeypatch)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Config:
    """Settings with both state machines."""
    changed = replace(config, group_machine=machine_arn("GroupMachine"), job_machine=machine_arn("JobMachine"))
    monkeypatch.setattr(motor, "config", changed)
    return changed
