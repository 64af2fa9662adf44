"""Calls of Step Functions: executions are started and woken here, and nowhere else.

The table is the truth, so every function may be repeated, and a lost call costs only time: the watchdog repeats it.
Without state machines (`BLDR_GROUP_MACHINE` and `BLDR_JOB_MACHINE` empty) the functions do nothing.
"""


def start_group(group_id: int, generation: int = 1) -> None:
    """Start the execution of a group. Does nothing if it was started before. Never raises for AWS errors: they are
    logged, and the watchdog starts what is missing.
    """
    raise NotImplementedError


def start_job(job_id: int, attempt: int) -> None:
    """Start the execution of an attempt of a job, as `start_group` does."""
    raise NotImplementedError


def wake_group(group_id: int) -> None:
    """Wake the execution of a group that waits for a change."""
    raise NotImplementedError


def end_wait(task_token: str) -> None:
    """Wake the execution of a job whose worker has reported. Tokens of ended executions are ignored."""
    raise NotImplementedError


def heartbeat(task_token: str) -> None:
    """Tell the execution of a job that its worker is alive. Tokens of ended executions are ignored."""
    raise NotImplementedError
