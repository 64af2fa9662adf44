"""Waits for a stack, with a line for each step of its progress and the reason of each failure."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from infra.deploy.aws import Account

SECONDS_BETWEEN_LOOKS = 4
CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled", "The following resource(s) failed to")
"""Reasons of failures that another failure has caused."""


class Progress:
    """What is known of the events of a stack. Reports each event behind the known one once."""

    def __init__(self, say: Callable[[str], None], known: Iterable[str] = ()) -> None:
        self._say = say
        self._known = set(known)
        self._states: dict[str, str] = {}
        self._said = ""
        self.has_ended = False
        """Whether an event says that the stack has ended its work."""

    def take(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Report what is new in the events of a stack, which are given newest first."""
        fresh = []
        for event in events:
            if event["EventId"] in self._known:
                break
            fresh.append(event)
        for event in reversed(fresh):
            self._known.add(event["EventId"])
            self._take(event)
        text = self._summary()
        if fresh and text != self._said:
            self._said = text
            self._say(text)

    def _take(self, event: Mapping[str, Any]) -> None:
        status, name = event["ResourceStatus"], event["LogicalResourceId"]
        if event.get("PhysicalResourceId") == event["StackId"]:
            self.has_ended = not status.endswith("_IN_PROGRESS")
        else:
            self._states[name] = status
        reason = event.get("ResourceStatusReason", "")
        if "FAILED" in status and not reason.startswith(CONSEQUENCES):
            self._say(f"  {status} {name} ({event['ResourceType']}): {reason}")

    def _summary(self) -> str:
        done = sum(not state.endswith("_IN_PROGRESS") for state in self._states.values())
        return f"  {done} resources done, {len(self._states) - done} in progress"


def latest_event(account: Account, stack: str) -> list[str]:
    """Return the id of the newest event of a stack, behind which `wait` begins to report."""
    return [event["EventId"] for event in islice(account.events(stack), 1)]


def wait(account: Account, stack: str, say: Callable[[str], None], known: Sequence[str] = ()) -> str:
    """Wait until a stack has ended its work, and return its state; DELETE_COMPLETE if it is gone.

    With a known event, an event after it must say that the work has ended: just after a request, the state is still
    that before the request.
    """
    progress = Progress(say, known)
    while True:
        found = account.stack(stack)
        if found is None:
            return "DELETE_COMPLETE"
        if known:
            progress.take(account.events(found["StackId"]))
        status = str(found["StackStatus"])
        if not status.endswith("_IN_PROGRESS") and (progress.has_ended or not known):
            return status
        time.sleep(SECONDS_BETWEEN_LOOKS)
