"""What the demonstration needs of the machine, and what it does without namespaces."""

import shutil

from bldr.worker.sandbox import Isolation, best_isolation

PROGRAMS = ("git", "bash", "tar", "xz")


class MachineUnusable(Exception):
    """A program is missing. The message names it and says what to do."""


def require_programs() -> None:
    """Raises MachineUnusable if a program is missing that the demonstration or its worker runs."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise MachineUnusable(
            f"not installed: {', '.join(missing)}. The demonstration builds plans of a git repository; install what is "
            "missing and repeat `make demo`"
        )


def isolates_builds() -> bool:
    """Return whether this machine can isolate builds; containers often cannot."""
    return best_isolation() is not Isolation.NONE
