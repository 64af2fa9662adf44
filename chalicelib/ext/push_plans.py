"""The plans that a push touches, found through GitHub (builds.md 9.5, steps 3 to 5)."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from chalicelib.core.builds import bldr_toml
from chalicelib.core.builds.bldr_toml import BldrTomlMalformed, PlanEntry, read_entries
from chalicelib.core.builds.plan_file import Plan, PlanMalformed, read_plan
from chalicelib.core.target import Target
from chalicelib.ext.errors import BldrTomlUnreadable, PlanUnreadable, PushTooLarge
from chalicelib.ext.notices import Push
from chalicelib.github.errors import ContentMissing, GitHubFailed
from chalicelib.github.installation import Installation

MOST_FILES = 20_000
MOST_TRIGGERED = 100
MATCHING_SECONDS = 5.0
CALLS_AT_ONCE = 8

FoundPlan = tuple[Plan, Target]


def plans_of(push: Push, installation: Installation) -> list[FoundPlan]:
    """Return the plans whose files a push changes, each with a target for which `.bldr.toml` wants it built.

    Raises GitHubFailed, BldrTomlUnreadable, PlanUnreadable, PushTooLarge.
    """
    entries = _entries(installation, push.repository_id)
    if push.branch not in bldr_toml.BRANCHES:
        return []
    triggered = _triggered(entries, push.changed_files)
    with ThreadPoolExecutor(CALLS_AT_ONCE) as threads:
        wanted = list(dict.fromkeys(_wanted(triggered, installation, push.repository_id, threads)))
        paths = list(dict.fromkeys(path for path, _ in wanted))
        read = threads.map(lambda path: _plan(installation, push.repository_id, path), paths)
        plans = dict(zip(paths, read, strict=True))
    return [(plan, target) for path, target in wanted if (plan := plans[path]) is not None]


def _entries(installation: Installation, repository_id: int) -> Sequence[PlanEntry]:
    try:
        return read_entries(installation.file(repository_id, bldr_toml.FILE))
    except ContentMissing:
        return bldr_toml.WITHOUT_FILE
    except BldrTomlMalformed as problem:
        raise BldrTomlUnreadable(reason=str(problem)) from problem


def _triggered(entries: Iterable[PlanEntry], files: Collection[str]) -> list[PlanEntry]:
    """Return the entries whose patterns match a changed file. The time for it is limited: anyone can send patterns."""
    if len(files) > MOST_FILES:
        raise PushTooLarge(f"The push changes more than {MOST_FILES} files. Start the builds yourself.")
    end = time.monotonic() + MATCHING_SECONDS
    triggered = [entry for entry in entries if entry.is_triggered_by(_until(end, files))]
    if len(triggered) > MOST_TRIGGERED:
        raise PushTooLarge(f"The push triggers more than {MOST_TRIGGERED} plans. Start the builds yourself.")
    return triggered


def _until(end: float, files: Iterable[str]) -> Iterator[str]:
    for number, file in enumerate(files):
        if number % 200 == 0 and time.monotonic() > end:
            raise PushTooLarge(
                "The push and the paths in .bldr.toml are too many to compare. Start the builds yourself."
            )
        yield file


def _wanted(
    triggered: Sequence[PlanEntry], installation: Installation, repository_id: int, threads: ThreadPoolExecutor
) -> Iterator[tuple[str, Target]]:
    """Yield the paths of the plans in the folders of the entries, and their targets, in the order of the entries."""
    folders = list(dict.fromkeys(folder for entry in triggered for folder in entry.folders))
    listed = threads.map(lambda folder: _files_in(installation, repository_id, folder), folders)
    names = dict(zip(folders, listed, strict=True))
    if time.monotonic() > installation.deadline:
        raise GitHubFailed(reason="GitHub did not list all folders in time")
    for entry in triggered:
        for folder in entry.folders:
            for name, target in entry.plans_among(names[folder]):
                yield f"{folder}/{name}" if folder else name, target


def _files_in(installation: Installation, repository_id: int, folder: str) -> frozenset[str]:
    """Return the names of the files in a folder; none if it cannot be read (builds.md 9.5, step 5)."""
    try:
        return installation.files_in(repository_id, folder)
    except (ContentMissing, GitHubFailed):
        return frozenset()


def _plan(installation: Installation, repository_id: int, path: str) -> Plan | None:
    """Return a plan, or None if the file does not exist."""
    try:
        return read_plan(installation.file(repository_id, path))
    except ContentMissing:
        return None
    except PlanMalformed as problem:
        raise PlanUnreadable(reason=str(problem)) from problem
