"""Shapes of a Builder's answers about job groups and logs (builds.md 3.3, 4.1; docs/ORIGINS.md, "Builds")."""

from msgspec import Struct

NO_ID = "0"
"""The id of a job that does not exist yet, and of a group that builds nothing."""

ENDED = frozenset({"Complete", "Failed", "Canceled"})
RUNNING, BUILT, FAILED, SKIPPED, MISSING = "InProgress", "Success", "Failure", "Skipped", "NotFound"


class PlannedProject(Struct):
    """A project that a group would build, with its newest release; empty if there is none."""

    name: str
    ident: str


class LeftOut(Struct):
    """A package that a group would not build, and why. `dependency` is empty unless it is the reason."""

    name: str
    reason: str
    dependency: str = ""


class Plan(Struct):
    """What a group would build, in build order, and what it would leave out.

    `has_project` and `automatic_builds` are about the package that the group is named after.
    """

    project_name: str
    target: str
    has_project: bool
    automatic_builds: bool
    projects: list[PlannedProject]
    left_out: list[LeftOut]


class GroupProject(Struct):
    """A project of a group."""

    name: str
    ident: str
    state: str
    job_id: str
    target: str

    @property
    def has_job(self) -> bool:
        """True once a job exists, which has a log."""
        return self.job_id != NO_ID


class Group(Struct):
    """A job group."""

    id: str
    state: str
    project_name: str
    target: str
    created_at: str
    projects: list[GroupProject]

    @property
    def has_ended(self) -> bool:
        """True once nothing of the group runs or waits any more."""
        return self.state in ENDED and not any(each.state == RUNNING for each in self.projects)

    @property
    def is_built(self) -> bool:
        """True if every project was built."""
        return all(each.state == BUILT for each in self.projects)


class Job(Struct):
    """The package of a job, and the id of its group."""

    origin: str
    name: str
    owner_id: str


class Wait(Struct):
    """Why jobs of a group do not run: a word for programs and a sentence for people."""

    reason: str
    text: str


class Failure(Struct):
    """Why a build failed: the error of the job, the step, and the last lines of the log."""

    code: int
    msg: str
    step: str
    last_lines: str


class ProjectProgress(Struct):
    """A project of a group, with the failure of its job."""

    name: str
    job_id: str
    failure: Failure | None = None


class ProgressPage(Struct):
    """The progress of a group, with some of its projects. `next` is the index of the next page, None at the end."""

    waits: list[Wait]
    projects: list[ProjectProgress]
    next: int | None = None


class LogPart(Struct):
    """A part of a log. `stop` is the number of the line after the last one."""

    start: int
    stop: int
    content: list[str]
    is_complete: bool
