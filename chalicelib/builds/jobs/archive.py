"""The archive of the logs of ended jobs."""


def archive(job_id: int) -> None:
    """Move the log of an ended job to the object store. May be repeated."""
    raise NotImplementedError
