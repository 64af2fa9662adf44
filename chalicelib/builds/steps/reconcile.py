"""What happens when an execution ends without having done its work (builds.md 16.3; app.py: `reconcile`).

An execution that is stopped, times out or fails runs no catcher, so its rows may need another one.
"""

from chalicelib.builds import motor, rows
from chalicelib.builds.engine import ending, settling
from chalicelib.builds.engine.settling import Cause
from chalicelib.builds.rows import GroupRow
from chalicelib.builds.steps import job as job_steps
from chalicelib.platform.table import read

GENERATIONS = 100
"""A group that has needed this many executions fails: each lasts a day, unless its steps fail."""


def reconcile(name: str) -> None:
    """Continue the work of an execution that ended, by its name. Does nothing for other names.

    A group gets its next execution. An attempt of a job is settled: its worker's report counts if there is one.
    """
    kind, _, numbers = name.partition("-")
    identifier, _, number = numbers.partition("-")
    if not (identifier.isdecimal() and number.isdecimal()):
        return
    if kind == motor.GROUP:
        group = read(rows.group_key(int(identifier)))
        if group is not None and int(group.generation) == int(number):
            restart(group)
    elif kind == motor.JOB:
        settling.settle(int(identifier), int(number), Cause.LOST)
        job_steps.archive(int(identifier))


def restart(group: GroupRow) -> None:
    """Start the next execution of a group whose execution has ended, unless the group has ended as well.

    Raises StepFunctionsFailed.
    """
    group_id, generation = int(group.id), int(group.generation)
    if group.is_ready and ending.finish(group_id):
        return
    if generation < GENERATIONS:
        motor.next_generation(group_id, generation)
        return
    ending.fail(group_id)
    ending.finish(group_id)
