"""Client of the build service: job groups, jobs and their logs (builds.md 3 to 6; docs/OPERATING.md, "Builds")."""

import time
from collections.abc import Iterator

from msgspec import Struct

from bldr.client import Builder
from bldr.http_transport import Request
from chalicelib.core.target import Target

LOG_WAIT_SECONDS = 20
LOG_PAUSE_SECONDS = 1.0
"""The least time between requests for new lines, because a busy Builder answers at once."""

ENDED = frozenset({"Complete", "Failed", "Canceled"})


class Selection(Struct, frozen=True):
    """What a group builds: the package, its dependents, or both."""

    target: Target
    package_only: bool = False
    deps_only: bool = False
    origin_only: bool = False

    @property
    def query(self) -> dict[str, object]:
        """The selection as query parameters."""
        flags = {
            "package_only": self.package_only,
            "deps_only": self.deps_only,
            "origin_only": self.origin_only,
        }
        return {"target": self.target, **{name: "true" for name, is_set in flags.items() if is_set}}


class PlannedProject(Struct):
    """A project that a group would build. `needs` are the projects of the group that it waits for."""

    name: str
    ident: str = ""
    needs: list[str] = []


class LeftOut(Struct):
    """A package that a group would not build, and why."""

    name: str
    reason: str


class Plan(Struct):
    """What a group would build, in build order, and what it would leave out."""

    projects: list[PlannedProject]
    left_out: list[LeftOut]


class GroupProject(Struct):
    """A project of a group."""

    name: str
    ident: str
    state: str
    job_id: str
    target: str


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
        return self.state in ENDED and not any(each.state == "InProgress" for each in self.projects)


class LogPart(Struct):
    """A part of a log. `stop` is the number of the line after the last one."""

    start: int
    stop: int
    content: list[str]
    is_complete: bool


class Builds:
    """The build service of a Builder. Every method may raise Unreachable, RequestRefused and ResponseMalformed."""

    def __init__(self, builder: Builder) -> None:
        self._transport = builder.transport

    def plan(self, origin: str, name: str, selection: Selection) -> Plan:
        """Return what a group would build. Changes nothing."""
        request = Request("GET", ("builds", "plans", origin, name), f"plan a build of {origin}/{name}", selection.query)
        return self._transport.fetch(request, Plan)

    def start(self, origin: str, name: str, selection: Selection) -> Group:
        """Start a group, or return the one that is queued already. Not repeated if the answer is lost."""
        path, purpose = ("depot", "pkgs", "schedule", origin, name), f"start a build of {origin}/{name}"
        request = Request("POST", path, purpose, selection.query, accept=(200, 201), is_idempotent=False)
        return self._transport.fetch(request, Group)

    def group(self, group_id: str) -> Group:
        """Return a group with its projects."""
        query = {"include_projects": "true"}
        path = ("depot", "pkgs", "schedule", group_id)
        return self._transport.fetch(Request("GET", path, f"show the job group {group_id}", query), Group)

    def groups(self, origin: str, limit: int) -> list[Group]:
        """Return the newest groups whose root is in an origin, without their projects."""
        path, query = ("depot", "pkgs", "schedule", origin, "status"), {"limit": limit}
        return self._transport.fetch(Request("GET", path, f"list the job groups of {origin}", query), list[Group])

    def cancel(self, group_id: str) -> None:
        """Cancel a group. Idempotent."""
        path = ("jobs", "group", group_id, "cancel")
        self._transport.send(Request("POST", path, f"cancel the job group {group_id}", accept=(204,)))

    def rebuild(self, group_id: str, names: list[str]) -> str:
        """Start a group for what another group has not built, or for some names, and return its id.

        The id is empty if there is nothing to build.
        """
        path, purpose = ("jobs", "group", group_id, "rebuild"), f"rebuild the job group {group_id}"
        query = {"idents": ",".join(names)} if names else {}
        request = Request("POST", path, purpose, query, accept=(204,), is_idempotent=False)
        return self._transport.send(request).headers.get("X-Job-Group-Id", "")

    def change_channel(self, operation: str, group_id: str, channel: str, idents: list[str]) -> None:
        """Promote or demote packages that a group has built. Idempotent."""
        path = ("jobs", "group", group_id, operation, channel)
        purpose = f"{operation} what the job group {group_id} has built"
        self._transport.send(Request("POST", path, purpose, json={"idents": idents}, accept=(204,)))

    def log(self, job_id: str, start: int, wait: int, color: bool) -> LogPart:
        """Return a part of a log; wait so many seconds for the next line."""
        query = {"start": start, "wait": wait, "color": "true" if color else "false"}
        return self._transport.fetch(
            Request("GET", ("jobs", job_id, "log"), f"read the log of job {job_id}", query), LogPart
        )

    def lines(self, job_id: str, follow: bool, color: bool) -> Iterator[str]:
        """Yield the lines of a log: those that exist, or with `follow` all until the log is complete."""
        start = 0
        while True:
            next_request = time.monotonic() + LOG_PAUSE_SECONDS
            part = self.log(job_id, start, LOG_WAIT_SECONDS if follow else 0, color)
            yield from part.content
            if part.is_complete or not (follow or part.content):
                return
            start = max(start, part.stop)
            if not part.content:
                time.sleep(max(0.0, next_request - time.monotonic()))
