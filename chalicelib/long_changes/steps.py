"""The step of the state machine of long changes (infra/long_changes.asl.json; app.py: `continue_long_change`).

The execution repeats the step until the change has ended. Its input names the change, and nothing else.
"""

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.catalog.long_changes import long_change_motor
from chalicelib.channels import deletion
from chalicelib.channels.bulk import progress
from chalicelib.core.long_change import LongChangeKind
from chalicelib.packages import pending_hints

SECONDS = 30.0
"""How long a step works, or waits for another worker."""

ROUNDS = 500
"""Steps of one execution. A step takes about 7 events of the history, which holds 25,000."""


class Next(StrEnum):
    """What the execution does after a step."""

    AGAIN = "again"
    END = "end"


class Step(Struct):
    """The event of a step, and its result, which is the input of the next one."""

    kind: LongChangeKind
    origin: str
    id: str
    generation: int
    rounds: int
    next: Next = Next.AGAIN


def run(event: dict[str, Any]) -> Any:
    """Carry out the step of an event, and return the input of the next one as JSON values.

    After ROUNDS steps, another execution takes over.
    """
    step = msgspec.convert(event, Step)
    step.rounds += 1
    if resume(step.kind, step.origin, step.id, SECONDS):
        step.next = Next.END
    elif step.rounds >= ROUNDS:
        long_change_motor.renew(step.kind, step.origin, step.id, step.generation + 1)
        step.next = Next.END
    return msgspec.to_builtins(step)


def resume(kind: LongChangeKind, origin: str, identifier: str, seconds: float) -> bool:
    """Continue a change for about `seconds`. Returns whether it has ended."""
    match kind:
        case LongChangeKind.CHANNEL_DELETION:
            return deletion.resume(origin, int(identifier), seconds)
        case LongChangeKind.HINTS:
            return pending_hints.resume(identifier, seconds)
        case _:
            return progress.resume(origin, int(identifier), seconds)
