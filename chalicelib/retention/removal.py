"""Removal of the packages that a retention policy does not keep, name by name.

Each package is removed in one transaction with its audit row. The transaction is conditional: the policy must still be
in force, the account that requested the run must still have its role, the package must be unchanged since it was
judged, and the newest release of its name, which is kept, must exist. The package's object is deleted afterwards; if
that fails, the sweep deletes it. An interruption leaves the remaining packages intact, and a repeat judges them again.

Dependencies are looked up right before the removals of a name. A package that is uploaded in that second and depends on
a removed release is in the same position as after a deletion by hand: it names a release that the depot does not have.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.catalog import audit_rows, fences, name_rows, package_rows, steps
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.name_rows import NameRow
from chalicelib.catalog.package_rows import IdentRow, PackageRow
from chalicelib.catalog.package_texts import PackageLists
from chalicelib.catalog.steps import Observed
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.packages import artifacts, dependents, hints
from chalicelib.packages.dependents import Dependents, Sees, sees_only_public
from chalicelib.platform.change import Change
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.table import read, read_many, rows
from chalicelib.retention import rows as policy_rows
from chalicelib.retention.errors import PolicyGone
from chalicelib.retention.policy import Policy, Reason, Release, Verdict, judge
from chalicelib.retention.rows import PolicyRow

SECONDS = 20.0
"""No removal is started later than this after the start of the request. The function times out after 29 seconds."""

PACKAGES_PER_REQUEST = 5_000
"""An answer with this many packages has less than 2 MB."""


class Run(Struct, frozen=True):
    """A policy to apply to an origin.

    - `revision`: the revision of the policy's row; None judges packages and removes nothing.
    - `explains`: whether to judge also names of which nothing can be removed, to report the reasons.
    - `sees`: which packages of other origins the report may name.
    """

    origin: str
    policy: Policy
    by: Session
    revision: int | None
    explains: bool = True
    sees: Sees = sees_only_public


class JudgedPackage(Struct, frozen=True):
    """A package and the verdict on it."""

    target: Target
    verdict: Verdict

    @property
    def is_kept(self) -> bool:
        """False if the package is, or was, removed."""
        return self.verdict.kept_by is not None


class Report(Struct, frozen=True):
    """The packages that one request judged; `next_after` is the name after which to continue, None at the end."""

    packages: list[JudgedPackage]
    next_after: str | None


class _Overtaken(Exception):
    """The package, or the newest release of its name, changed after it was judged."""


def apply(run: Run, after: str) -> Report:
    """Judge the names after `after`, and remove the packages that the policy does not keep.

    Raises PolicyGone, ObjectStoreFailed.
    """
    deadline = time.monotonic() + SECONDS

    def is_over() -> bool:
        return time.monotonic() > deadline

    packages: list[JudgedPackage] = []
    previous = after
    for name in names(run, after):
        judged = judge_name(run, name, is_over)
        if is_undecided(judged) and previous != after:
            return Report(packages, previous)  # the next request begins with this name and has more time for it
        result = judged if run.revision is None else remove(run, judged, is_over)
        packages += result
        if len(result) < len(judged):
            return Report(packages, previous)  # the rest of this name is judged again
        previous = name.sk
        if len(packages) >= PACKAGES_PER_REQUEST or is_over():
            return Report(packages, previous)
    return Report(packages, None)


def names(run: Run, after: str) -> Iterator[NameRow]:
    """Yield the names after `after`."""
    return rows(NameRow, name_rows.names_partition(run.origin), after=after or None)


def judge_name(run: Run, name: NameRow, is_over: Callable[[], bool]) -> list[JudgedPackage]:
    """Return the judged packages of a name. They are left out if none can be removed, unless the run explains.

    Other names that need this name are read until `is_over` returns True. Packages that could be removed but for an
    unread one are then kept, as undecided.
    """
    if not run.explains and name.idents <= run.policy.keep_per_name:
        return []
    uploaded_before = timestamp(now() - timedelta(days=run.policy.older_than_days))
    judged: list[JudgedPackage] = []
    for target, channels in _channels_by_target(run.origin, name.sk).items():
        judged += [
            JudgedPackage(target, verdict)
            for verdict in _judge(run, name.sk, target, channels, uploaded_before, is_over)
        ]
    return judged


def is_undecided(judged: Sequence[JudgedPackage]) -> bool:
    """Return whether the time was too short to read all dependents of a name."""
    return any(package.verdict.kept_by is Reason.UNDECIDED for package in judged)


def _channels_by_target(origin: str, name: str) -> dict[Target, dict[str, frozenset[str]]]:
    """Return the channels of the packages of a name by ident, for each target in order."""
    channels: dict[Target, dict[str, frozenset[str]]] = {}
    for row in rows(IdentRow, package_rows.idents_partition(origin), begins=f"{name}/"):
        for target, placement in Standing.parse(row.standing).placements.items():
            channels.setdefault(target, {})[f"{origin}/{row.sk}"] = placement.channels
    return dict(sorted(channels.items()))


def _judge(
    run: Run,
    name: str,
    target: Target,
    channels: dict[str, frozenset[str]],
    uploaded_before: str,
    is_over: Callable[[], bool],
) -> list[Verdict]:
    partition = package_rows.releases_partition(run.origin, name, target)
    # A release without channels was uploaded or deleted since these were read.
    rows_of_name = [row for row in rows(PackageRow, partition, newest_first=True) if row.ident in channels]
    releases = [Release(PackageIdent.parse(row.ident), channels[row.ident], row.updated_at) for row in rows_of_name]
    verdicts = judge(run.policy, releases, uploaded_before)
    candidates = {str(verdict.release.ident) for verdict in verdicts if verdict.kept_by is None}
    if not candidates:
        return verdicts
    needed = _needed_within_name(candidates, rows_of_name)
    complete = _add_needed_by_others(needed, candidates, dependents.releases(run.origin, name, target), is_over)
    shown = partial(dependents.release_seen_by, run.sees, target=target)
    return [_unless_needed(verdict, needed, complete, shown) for verdict in verdicts]


def _unless_needed(
    verdict: Verdict, needed: dict[str, PackageRow], complete: bool, shown: Callable[[PackageRow], Dependents]
) -> Verdict:
    dependent = needed.get(str(verdict.release.ident))
    if dependent is None:
        is_candidate = verdict.kept_by is None
        return verdict if complete or not is_candidate else replace(verdict, kept_by=Reason.UNDECIDED)
    return replace(verdict, kept_by=Reason.NEEDED, detail=str(shown(dependent)))


def _needed_within_name(candidates: set[str], rows_of_name: Sequence[PackageRow]) -> dict[str, PackageRow]:
    """Return the candidates that are among the tdeps of another release of the name, each with one of these."""
    needed: dict[str, PackageRow] = {}
    for row in rows_of_name:
        for dep in candidates.intersection(PackageLists.unpacked(row.lists).tdeps) - {row.ident}:
            needed.setdefault(dep, row)
    return needed


def _add_needed_by_others(
    needed: dict[str, PackageRow], candidates: set[str], releases: Iterator[PackageRow], is_over: Callable[[], bool]
) -> bool:
    """Add the candidates that are among the tdeps of releases of other names, each with one of these.

    Reads until each candidate has one. Returns False if the time was over before all releases were read.
    """
    if needed.keys() >= candidates:
        return True
    for row in releases:
        for dep in candidates.intersection(PackageLists.unpacked(row.lists).tdeps):
            needed.setdefault(dep, row)
        if needed.keys() >= candidates:
            return True
        if is_over():
            return False
    return True


def remove(run: Run, judged: Sequence[JudgedPackage], is_over: Callable[[], bool]) -> list[JudgedPackage]:
    """Remove the packages of a name that are not kept, and return all with their final verdicts.

    A package that changed after it was judged is kept. When `is_over` returns True after a removal, the packages from
    there on are left alone and out of the result. Raises PolicyGone, ObjectStoreFailed (nothing was removed).
    """
    if not all(package.is_kept for package in judged):
        artifacts.demand_store()
    newest = {
        package.target: package.verdict.release.ident for package in judged if package.verdict.kept_by is Reason.NEWEST
    }
    result: list[JudgedPackage] = []
    removals = 0
    for package in judged:
        if package.is_kept:
            result.append(package)
            continue
        if removals and is_over():
            break
        result.append(_removed(run, package, newest[package.target]))
        removals += 1
    return result


def _removed(run: Run, package: JudgedPackage, newest: PackageIdent) -> JudgedPackage:
    try:
        remove_one = partial(_remove, run, package.target, package.verdict.release, newest)
        fences.protected(run.origin, run.by.permission, remove_one)
    except _Overtaken:
        return JudgedPackage(package.target, replace(package.verdict, kept_by=Reason.CHANGED))
    return package


def _remove(run: Run, target: Target, release: Release, newest: PackageIdent, fence: Fence) -> None:
    ident = release.ident
    observed = Observed.from_rows(ident, read_many(steps.keys_of(ident)))
    # Read after the ident: the transaction checks its revision, so this row cannot be older than a forced upload.
    row = read(package_rows.package_key(ident, target))
    placement = observed.standing.placements.get(target)
    judged = (release.channels, release.uploaded_at)
    if row is None or placement is None or (placement.channels, row.updated_at) != judged:
        raise _Overtaken
    with Change() as change:
        steps.step(change, observed, observed.standing.without(target))
        change.check(package_rows.package_key(newest, target), PackageRow.pk.exists(), otherwise=_Overtaken())
        policy_key = policy_rows.policy_key(run.origin)
        fence.check(change, run.by.permission)
        change.check(policy_key, PolicyRow.revision == run.revision, otherwise=PolicyGone())
        audit_rows.record(
            change, audit_rows.AuditAction.PACKAGE_RETIRE, run.by, origin=run.origin, target=f"{ident} {target}"
        )
    hints.remove_of_deleted(row, ident, target)
    artifacts.discard(row.artifact)
