"""Calls of Step Functions: executions are started and woken here, and nowhere else (builds.md 12, 13, 17).

The table is the truth, so every function may be repeated, and a lost call costs only time: the scheduled functions
repeat it. Without state machines (`BLDR_GROUP_MACHINE` and `BLDR_JOB_MACHINE` empty) the functions do nothing, and the
scheduled functions alone drive the builds.

An execution has a name that follows from its rows, so it is started once however often the call is repeated.
"""

from collections.abc import Callable

from chalicelib.builds import rows
from chalicelib.builds.rows import GroupRow
from chalicelib.platform import logs, step_functions
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.config import config
from chalicelib.platform.step_functions import Execution, StepFunctionsFailed
from chalicelib.platform.table import StoreUnavailable, read

GROUP, JOB = "grp", "job"
JOB_MARGIN_SECONDS = 600
"""What an execution waits beyond the time limit of a build. The worker ends the build and reports that itself."""


def start_group(group_id: int, generation: int = 1) -> None:
    """Start the execution of a group. Does nothing if it was started before. Never raises for AWS errors: they are
    logged, and the watchdog starts what is missing.
    """
    _attempt(lambda: _start_group(group_id, generation))


def next_generation(group_id: int, generation: int) -> None:
    """Start the execution that follows the given one of a group. Raises StepFunctionsFailed, StoreUnavailable.

    First the row gets the next number, if it still has the given one; then the execution is started. After an
    interruption between them, `find_group` returns MISSING for the row's generation.
    """
    try:
        with Change() as change:
            condition = GroupRow.generation == generation
            change.update(rows.group_key(group_id), [GroupRow.generation.set(generation + 1)], condition)
    except Stale:
        group = read(rows.group_key(group_id))
        if group is None or int(group.generation) != generation + 1:
            return
    _start_group(group_id, generation + 1)


def find_group(group_id: int, generation: int) -> Execution | None:
    """Return the state of an execution of a group; None without state machines. Raises StepFunctionsFailed."""
    if not config.group_machine:
        return None
    return step_functions.find(config.group_machine, f"{GROUP}-{group_id}-{generation}")


def start_job(job_id: int, attempt: int) -> None:
    """Start the execution of an attempt of a job, as `start_group` does."""
    if config.job_machine:
        seconds = config.job_seconds + JOB_MARGIN_SECONDS
        name = f"{JOB}-{job_id}-{attempt}"
        _attempt(lambda: step_functions.start(config.job_machine, name, job=job_id, attempt=attempt, seconds=seconds))


def wake_group(group_id: int) -> None:
    """Wake the execution of a group that waits for a change. Never raises for AWS errors.

    The token stays in the row: a repeated call with it is ignored, and the next wait replaces it.
    """
    if config.group_machine:
        _attempt(lambda: _wake_group(group_id))


def end_wait(task_token: str) -> None:
    """Wake the execution of a job whose worker has reported. Tokens of ended executions are ignored."""
    _attempt(lambda: step_functions.end_wait(task_token))


def heartbeat(task_token: str) -> None:
    """Send a heartbeat of the worker to the execution of its job. Tokens of ended executions are ignored."""
    _attempt(lambda: step_functions.heartbeat(task_token))


def _start_group(group_id: int, generation: int) -> None:
    if config.group_machine:
        name = f"{GROUP}-{group_id}-{generation}"
        step_functions.start(config.group_machine, name, group=group_id, generation=generation, rounds=0)


def _wake_group(group_id: int) -> None:
    group = read(rows.group_key(group_id))
    if group is not None and group.sleeper:
        step_functions.end_wait(group.sleeper)


def _attempt(call: Callable[[], None]) -> None:
    try:
        call()
    except (StepFunctionsFailed, StoreUnavailable) as problem:
        logs.failed_call(problem)
