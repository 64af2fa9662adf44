"""The daily work of the build service (builds.md 18; app.py: `clean_up_builds`)."""

from chalicelib.platform.failures import Failures
from chalicelib.scheduled.graph_audit import graph_audit
from chalicelib.scheduled.group_retention import retain_groups


class PartFailed(Exception):
    """A part of the daily work failed. Its causes are in the log, and the next run repeats it."""


def clean_up(seconds: float) -> None:
    """Do each part of the work for a share of `seconds`. A part that fails does not stop the others.

    Raises PartFailed at the end, so that the failure shows in the metrics of the function.
    """
    failures = Failures()
    for part in (retain_groups, graph_audit):
        with failures.skipped():
            part(seconds / 2)
    if failures.number:
        raise PartFailed
