"""What was deployed to a stack, newest first, so that `--rollback` finds the deployment before the present one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

COUNT_KEPT = 50


@dataclass(frozen=True)
class Deployed:
    """One deployment: when it ended, the key of its template, and the parameters that differ from their defaults."""

    at: str
    template: str
    parameters: Mapping[str, str]

    def same_as(self, other: "Deployed") -> bool:
        """Return whether both put the stack into the same state."""
        return self.template == other.template and dict(self.parameters) == dict(other.parameters)


def parse(entries: Sequence[Mapping[str, Any]]) -> list[Deployed]:
    """Return the deployments in a stored list."""
    return [Deployed(each["at"], each["template"], each["parameters"]) for each in entries]


def recorded(past: Sequence[Deployed], template: str, parameters: Mapping[str, str], now: datetime) -> list[Any]:
    """Return the list to store after a deployment. One that changed nothing adds no entry."""
    latest = Deployed(now.isoformat(timespec="seconds"), template, parameters)
    if past and past[0].same_as(latest):
        return [asdict(each) for each in past]
    return [asdict(each) for each in [latest, *past][:COUNT_KEPT]]


def previous(past: Sequence[Deployed]) -> Deployed | None:
    """Return the newest deployment that differs from the present one, or None."""
    return next((each for each in past[1:] if not each.same_as(past[0])), None)
