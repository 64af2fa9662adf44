"""Removing what a retention policy lets go, name by name.

A removal is one transaction with its audit row: the package's rows go on condition that the policy is the one that
judged, that the package is as it was judged, and that the newest release of its name, which stays, is there. Then its
object goes; one that could not be removed is swept. An interruption leaves whole packages, and a repeat looks anew.

What other packages need is looked up right before the removals of a name. A package that is being uploaded in that
second and needs a release that goes is as well off as with a deletion by hand: it names what the depot no longer has.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from chalicelib.catalog import audit_rows, package_rows, steps
from chalicelib.catalog.package_rows import IdentRow, NameRow, PackageRow
from chalicelib.catalog.steps import Observed
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.packages import artifacts, dependents
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.table import read, read_many, rows
from chalicelib.retention import rows as store
from chalicelib.retention.errors import PolicyGone
from chalicelib.retention.policy import Policy, Reason, Release, Verdict, judge
from chalicelib.retention.rows import PolicyRow

SECONDS = 20.0
"""No name begins later than this; a request may last 29 seconds."""

PACKAGES_AT_ONCE = 5_000
"""So many packages are judged in a request; an answer about them has less than 2 MB."""


class _Overtaken(Exception):
    """The package, or the newest release of its name, is not what was judged."""


class Run(NamedTuple):
    """A policy at work on an origin, on behalf of whoever set it or asked for it; without a revision it only judges."""

    origin: str
    policy: Policy
    by: Session
    revision: int | None
    explains: bool = True
    """Whether names are looked at of which nothing can go, to say why."""


class Judged(NamedTuple):
    """A package and whether it stays (or, after a run, stayed)."""

    target: Target
    verdict: Verdict


class Report(NamedTuple):
    """What one request judged; `next_after` is the name to go on behind, None at the end."""

    judged: list[Judged]
    next_after: str | None


def run(wanted: Run, after: str) -> Report:
    """Judge the names behind one, and unless the run only judges, remove what may go.

    Raises PolicyGone, ObjectStoreFailed.
    """
    deadline = time.monotonic() + SECONDS
    every: list[Judged] = []
    for name, judged in names(wanted, after):
        every += judged if wanted.revision is None else remove(wanted, judged)
        if len(every) >= PACKAGES_AT_ONCE or time.monotonic() > deadline:
            return Report(every, name)
    return Report(every, None)


def names(wanted: Run, after: str) -> Iterator[tuple[str, list[Judged]]]:
    """The packages of each name behind one, judged as they are now."""
    uploaded_before = timestamp(now() - timedelta(days=wanted.policy.older_than_days))
    for row in rows(NameRow, package_rows.names_partition(wanted.origin), after=after or None):
        if not wanted.explains and row.idents <= wanted.policy.keep_per_name:
            yield row.sk, []
            continue
        judged: list[Judged] = []
        for target in _targets(wanted.origin, row.sk):
            verdicts = _judge(wanted, row.sk, target, uploaded_before)
            judged += [Judged(target, verdict) for verdict in verdicts]
        yield row.sk, judged


def _targets(origin: str, name: str) -> list[Target]:
    found: set[Target] = set()
    for row in rows(IdentRow, package_rows.idents_partition(origin), begins=f"{name}/"):
        found.update(Standing.parse(row.standing).places)
    return sorted(found)


def _judge(wanted: Run, name: str, target: Target, uploaded_before: str) -> list[Verdict]:
    place = package_rows.releases_partition(wanted.origin, name, target)
    found = list(rows(PackageRow, place, newest_first=True))
    releases = [
        Release(PackageIdent.parse(row.ident), frozenset(package_rows.channels_of(row)), row.updated_at)
        for row in found
    ]
    verdicts = judge(wanted.policy, releases, uploaded_before)
    going = {str(verdict.release.ident) for verdict in verdicts if verdict.kept_by is None}
    if not going:
        return verdicts
    needed = _needed(going, found, wanted.origin, name, target)
    return [
        verdict._replace(kept_by=Reason.NEEDED, detail=needed[str(verdict.release.ident)])
        if str(verdict.release.ident) in needed
        else verdict
        for verdict in verdicts
    ]


def _needed(going: set[str], of_name: Sequence[PackageRow], origin: str, name: str, target: Target) -> dict[str, str]:
    """Those of the releases that are among the tdeps of another, and one that needs each; reads on while it must."""
    needed: dict[str, str] = {}
    for row in of_name:
        for dep in going.intersection(row.tdeps.splitlines()) - {row.ident}:
            needed.setdefault(dep, row.ident)
    for dependent, deps in dependents.releases(origin, name, target):
        if needed.keys() >= going:
            break
        for dep in going & deps:
            needed.setdefault(dep, dependent)
    return needed


def remove(wanted: Run, judged: Sequence[Judged]) -> list[Judged]:
    """Remove those packages of a name that nothing keeps; gives what became of all of them.

    Raises PolicyGone, ObjectStoreFailed (nothing removed).
    """
    if any(verdict.kept_by is None for _, verdict in judged):
        artifacts.demand_store()
    newest = {target: v.release.ident for target, v in judged if v.kept_by is Reason.NEWEST}
    done = []
    for target, verdict in judged:
        if verdict.kept_by is None and not _removed(wanted, target, verdict.release, newest[target]):
            verdict = verdict._replace(kept_by=Reason.CHANGED)  # noqa: PLW2901 - what became of it
        done.append(Judged(target, verdict))
    return done


def _removed(wanted: Run, target: Target, release: Release, newest: PackageIdent) -> bool:
    try:
        again_when_stale(partial(_remove, wanted, target, release, newest))
    except _Overtaken:
        return False
    return True


def _remove(wanted: Run, target: Target, release: Release, newest: PackageIdent) -> None:
    ident, policy = release.ident, store.policy_key(wanted.origin)
    seen = Observed.from_rows(ident, read_many(steps.keys_of(ident)))
    # Read after the ident, whose revision the transaction demands: so it cannot be from before a forced upload.
    row = read(package_rows.package_key(ident, target))
    place = seen.standing.places.get(target)
    if row is None or place is None or (place.channels, row.updated_at) != (release.channels, release.uploaded_at):
        raise _Overtaken
    change = Change()
    steps.step(change, seen, seen.standing.without(target))
    change.check(package_rows.package_key(newest, target), PackageRow.pk.exists(), otherwise=_Overtaken())
    change.check(policy, PolicyRow.revision == wanted.revision, otherwise=PolicyGone())
    audit_rows.record(
        change, audit_rows.AuditAction.PACKAGE_RETIRE, wanted.by, origin=wanted.origin, target=f"{ident} {target}"
    )
    change.commit()
    artifacts.discard(row.artifact)
