"""Client of the build service: job groups, jobs and their logs (builds.md 3 to 6; docs/ORIGINS.md, "Builds")."""

import time
from collections.abc import Iterator

from msgspec import Struct

from bldr.build_shapes import Group, Job, LogPart, Plan, ProgressPage, ProjectProgress, Wait
from bldr.client import Builder
from bldr.errors import ChangeRefused, RequestRefused
from bldr.http_transport import Request
from chalicelib.core.target import Target

LOG_WAIT_SECONDS = 20
SECONDS_BETWEEN_READS = 2.0
"""Between two requests for the next lines of a log, if the first was answered without any."""

WITHOUT_SETTINGS = "the log of a package that has no release yet can be read once the package has settings"
"""The Builder API shows a log only if the package has settings, which the first upload creates (builds.md 3.3)."""


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


class Builds:
    """The build service of a Builder. Every method may raise Unreachable, RequestRefused and ResponseMalformed."""

    def __init__(self, builder: Builder) -> None:
        self._transport = builder.transport

    def plan(self, origin: str, name: str, selection: Selection) -> Plan:
        """Return what a group would build. Changes nothing. Raises ChangeRefused for a target that is not built."""
        request = Request("GET", ("builds", "plans", origin, name), f"plan a build of {origin}/{name}", selection.query)
        try:
            return self._transport.fetch(request, Plan)
        except RequestRefused as refusal:
            if refusal.status == 400:
                host = self._transport.address.host
                raise ChangeRefused(f"{host} does not build packages for {selection.target}") from None
            raise

    def start(self, origin: str, name: str, selection: Selection) -> Group:
        """Start a group, or return the one that is queued already, without its projects.

        Not repeated if the answer is lost.
        """
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

    def waits(self, group_id: str) -> list[Wait]:
        """Return why jobs of a group do not run; nothing for callers who are not members of its origin."""
        page = self._progress(group_id, 0)
        return page.waits if page else []

    def failures(self, group_id: str) -> Iterator[ProjectProgress]:
        """Yield the failed projects of a group; nothing for callers who are not members of its origin."""
        first: int | None = 0
        while first is not None and (page := self._progress(group_id, first)):
            yield from (project for project in page.projects if project.failure)
            first = page.next

    def cancel(self, group_id: str) -> None:
        """Cancel a group. Idempotent."""
        path = ("jobs", "group", group_id, "cancel")
        self._transport.send(Request("POST", path, f"cancel the job group {group_id}", accept=(204,)))

    def rebuild(self, group_id: str, names: list[str]) -> str:
        """Start a group for what another group has not built, or for some names, and return its id.

        The id is empty if there is nothing to build.
        """
        path, purpose = ("jobs", "group", group_id, "rebuild"), f"rebuild the job group {group_id}"
        request = Request("POST", path, purpose, json={"idents": names}, accept=(204,), is_idempotent=False)
        return self._transport.send(request).headers.get("X-Job-Group-Id", "")

    def change_channel(self, operation: str, group_id: str, channel: str, idents: list[str]) -> None:
        """Promote or demote packages that a group has built. Idempotent."""
        path = ("jobs", "group", group_id, operation, channel)
        purpose = f"{operation} what the job group {group_id} has built"
        self._transport.send(Request("POST", path, purpose, json={"idents": idents}, accept=(204,)))

    def log(self, job_id: str, start: int, wait: int, color: bool) -> LogPart:
        """Return a part of a log; wait so many seconds for the next line."""
        query = {"start": start, "wait": wait, "color": "true" if color else "false"}
        request = Request("GET", ("jobs", job_id, "log"), f"read the log of job {job_id}", query)
        try:
            return self._transport.fetch(request, LogPart)
        except RequestRefused as refusal:
            if refusal.status == 404:
                raise RequestRefused(404, f"{refusal}; {self._advice_without_log(job_id)}") from None
            raise

    def _advice_without_log(self, job_id: str) -> str:
        """Return why a log may be missing, and what to do. It names the package if the caller may see the job."""
        try:
            job = self._transport.fetch(Request("GET", ("jobs", job_id), f"show the job {job_id}"), Job)
        except RequestRefused:
            return f"{WITHOUT_SETTINGS}: POST /v1/settings/ORIGIN/NAME"
        return (
            f"{WITHOUT_SETTINGS}: POST /v1/settings/{job.origin}/{job.name}. "
            f"`bldr jobs status {job.owner_id}` shows the last lines of failed builds"
        )

    def lines(self, job_id: str, follow: bool, color: bool) -> Iterator[str]:
        """Yield the lines of a log: those that exist, or with `follow` all until the log is complete."""
        start = 0
        while True:
            asked = time.monotonic()
            part = self.log(job_id, start, LOG_WAIT_SECONDS if follow else 0, color)
            yield from part.content
            if part.is_complete or not (follow or part.content):
                return
            if not part.content:  # the Builder lets only members wait, and only if it has room
                time.sleep(max(0.0, asked + SECONDS_BETWEEN_READS - time.monotonic()))
            start = max(start, part.stop)

    def _progress(self, group_id: str, first: int) -> ProgressPage | None:
        """Return a page of the progress of a group, or None if the caller may not see it or the Builder has none."""
        path, purpose = ("builds", "groups", group_id), f"show the progress of the job group {group_id}"
        try:
            return self._transport.fetch(Request("GET", path, purpose, {"first": first}), ProgressPage)
        except RequestRefused as refusal:
            if refusal.status in (401, 403, 404):
                return None
            raise
