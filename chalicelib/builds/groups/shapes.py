"""Shapes of job groups over HTTP (builds.md 4 and 6)."""

from collections.abc import Iterable

from msgspec import UNSET, Struct, UnsetType

from chalicelib.builds.groups import reads
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.core.builds.build_set import Flags
from chalicelib.core.target import DEFAULT_TARGET
from chalicelib.http.query import Lenient

UTC_OFFSET = "+00:00"


class ScheduleQuery(Struct):
    """What to build. A flag is set if its value is exactly `true` (builds.md 6.1)."""

    target: str = DEFAULT_TARGET
    deps_only: str = ""
    origin_only: str = ""
    package_only: str = ""

    @property
    def flags(self) -> Flags:
        """The flags, parsed."""
        return Flags(self.deps_only == "true", self.origin_only == "true", self.package_only == "true")


class GroupQuery(Struct):
    """Whether the answer lists the projects of the group."""

    include_projects: Lenient = False


class GroupsQuery(Struct):
    """The number of groups to list; 10 for anything that is not a number (builds.md 6.3)."""

    limit: str | None = None


class RebuildQuery(Struct):
    """The projects to build; without any, those that the group has not built. `idents[]` is another name."""

    idents: str | None = None


class ProgressQuery(Struct):
    """The index of the first project to show."""

    first: int = 0


class Idents(Struct):
    """Idents of packages; empty for all."""

    idents: list[str] = []


class GroupProject(Struct):
    """A project of a group (builds.md 4.1)."""

    name: str
    ident: str
    state: str
    job_id: str
    target: str


class Group(Struct):
    """A job group (builds.md 4.1). All fields are always present."""

    id: str
    state: str
    projects: list[GroupProject]
    created_at: str
    project_name: str
    target: str

    @classmethod
    def of(cls, row: GroupRow, entries: Iterable[EntryRow] = ()) -> "Group":
        """Return a group with some of its entries."""
        projects = [
            GroupProject(
                entry.name,
                reads.shown_ident(entry),
                reads.shown_state(row, entry),
                str(int(entry.job_id)),
                row.target,
            )
            for entry in entries
        ]
        return cls(str(int(row.id)), row.state, projects, row.created_at + UTC_OFFSET, row.root, row.target)


class PlannedProject(Struct):
    """A project that a request would build, with its newest release (empty if there is none)."""

    name: str
    ident: str


class LeftOutProject(Struct):
    """A name that would not be built. `dependency` is present if it is the reason."""

    name: str
    reason: str
    dependency: str | UnsetType = UNSET


class GroupPlan(Struct):
    """What a request would build, in build order, and why the other dependents are left out."""

    project_name: str
    target: str
    has_project: bool
    automatic_builds: bool
    projects: list[PlannedProject]
    left_out: list[LeftOutProject]


class WaitReason(Struct):
    """Why jobs of the group do not run."""

    reason: str
    text: str


class ProjectFailure(Struct):
    """Why a build failed: the error of the job, the step, and the last lines of the log.

    Step and lines are empty if the caller is not a member of the origin of the project.
    """

    code: int
    msg: str
    step: str
    last_lines: str


class ProjectProgress(Struct):
    """A project of a group. `waiting_for` names up to twenty of the projects that must be built first."""

    name: str
    state: str
    ident: str
    job_id: str
    job_state: str | None
    waiting_for: list[str]
    waiting_number: int
    failure: ProjectFailure | None


class GroupProgress(Struct):
    """The progress of a group, with a page of its projects. `next` is the index of the next page, null at the end."""

    id: str
    state: str
    project_name: str
    target: str
    created_at: str
    requester: str
    trigger: str
    channel: str
    rebuilds: str | None
    counts: dict[str, int]
    waits: list[WaitReason]
    projects: list[ProjectProgress]
    next: int | None
