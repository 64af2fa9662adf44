"""Executions of the state machine of long changes (infra/long_changes.asl.json): they are started here.

The rows are the truth: a lost execution costs only time, because a scheduled function starts another one
(`scheduled/long_change_watch.py`). Without a state machine (`BLDR_LONG_CHANGE_MACHINE` empty), that function does the
work itself.
"""

import time

from chalicelib.core.long_change import LongChangeKind
from chalicelib.platform import logs, step_functions
from chalicelib.platform.config import config
from chalicelib.platform.step_functions import StepFunctionsFailed

FIRST = 1
"""The generation of the execution that a request starts."""

REPAIR_SECONDS = 300


def has_machine() -> bool:
    """Return whether there is a state machine."""
    return bool(config.long_change_machine)


def start(kind: LongChangeKind, origin: str, identifier: str, generation: int = FIRST) -> None:
    """Start the execution of a change. Does nothing if it was started before. Never raises for AWS errors: they are
    logged, and a scheduled function starts what is missing.
    """
    try:
        renew(kind, origin, identifier, generation)
    except StepFunctionsFailed as problem:
        logs.failed_call(problem)


def renew(kind: LongChangeKind, origin: str, identifier: str, generation: int) -> None:
    """Start the execution of a change, which has a name that follows from the generation.

    Raises StepFunctionsFailed.
    """
    if not config.long_change_machine:
        return
    name = f"{kind}-{identifier}-{generation}"
    parameters = {"kind": str(kind), "origin": origin, "id": identifier}
    step_functions.start(config.long_change_machine, name, **parameters, generation=generation, rounds=0)


def repair_generation() -> int:
    """Return the generation of an execution that replaces a lost one: another number every five minutes."""
    return int(time.time()) // REPAIR_SECONDS
