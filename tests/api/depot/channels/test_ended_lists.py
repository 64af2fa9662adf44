"""What the list of a deleted channel leaves is removed later, and what other channels need stays."""

from collections.abc import Iterator

import pytest

from chalicelib.catalog import channel_rows
from chalicelib.catalog.lists import list_folding, list_rows
from chalicelib.channels import ended_lists, newest_of_all
from chalicelib.core.ident import PackageIdent
from chalicelib.platform.failures import Failures
from tests.api.client import Depot
from tests.builders.counted_lists import Clock, a_clock
from tests.builders.origins import an_origin
from tests.builders.releases import LINUX, a_release, promoted
from tests.builders.rows import partition_rows, row_at

CHANNELS = ("other", "bldr-1234")


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    monkeypatch.setattr(newest_of_all, "FEW_PACKAGES", 0)
    with a_clock() as moved:
        yield moved


@pytest.fixture
def release(depot: Depot, time: Clock) -> PackageIdent:
    """A release in two channels that have an index and a view each."""
    ident = a_release(depot, an_origin(depot))
    for channel in CHANNELS:
        promoted(depot, ident, channel)
        assert newest(depot, ident, channel) == [ident.name]
    fold(ident, time)
    assert all(has_rows(ident, channel) == (True, True, False) for channel in CHANNELS)
    return ident


def newest(depot: Depot, ident: PackageIdent, channel: str) -> list[str]:
    reply = depot.get(f"/depot/channels/{ident.origin}/{channel}/pkgs/_latest", query={"target": LINUX})
    return [each["name"] for each in reply.json()["data"]]


def fold(ident: PackageIdent, time: Clock) -> None:
    time.advance(1)
    list_folding.fold(ident.origin)


def has_rows(ident: PackageIdent, channel: str) -> tuple[bool, bool, bool]:
    """Return whether the list of a channel has an index, whether it has a view, and whether it is noted as ended."""
    view = channel_rows.newest_of_all_key(ident.origin, channel, LINUX)
    ended = channel_rows.ended_key(ident.origin, channel)
    indexes = partition_rows(list_rows.index_partition(ident.origin))
    return (
        list_rows.channel_list(channel) in indexes,
        row_at(view.pk, view.sk) is not None,
        row_at(ended.pk, ended.sk) is not None,
    )


def remove_all() -> None:
    failures = Failures()
    ended_lists.remove_all(lambda: False, failures)
    assert failures.number == 0


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_index_and_the_views_of_a_deleted_channel_are_removed(
    depot: Depot, release: PackageIdent, time: Clock, channel: str
) -> None:
    depot.delete(f"/depot/channels/{release.origin}/{channel}", by="bobo")
    time.advance(1)
    remove_all()
    assert has_rows(release, channel)[::2] == (True, True)  # a reader may still need the index

    time.advance(31)
    remove_all()

    assert has_rows(release, channel) == (False, False, False)
    for other in {*CHANNELS} - {channel}:
        assert has_rows(release, other) == (True, True, False)


def test_a_channel_that_was_created_again_keeps_its_index(depot: Depot, release: PackageIdent, time: Clock) -> None:
    depot.delete(f"/depot/channels/{release.origin}/other", by="bobo")
    promoted(depot, release, "other")
    fold(release, time)
    time.advance(31)

    remove_all()

    assert has_rows(release, "other") == (True, True, False)
    assert newest(depot, release, "other") == [release.name]


def test_the_rows_of_an_origin_are_deleted_with_it(depot: Depot, release: PackageIdent, time: Clock) -> None:
    newest(depot, release, "stable")
    newest(depot, release, "unstable")
    for channel in CHANNELS:
        depot.delete(f"/depot/channels/{release.origin}/{channel}", by="bobo")
    assert depot.delete(f"/depot/pkgs/{release}", by="bobo").status == 204
    assert depot.delete(f"/settings/{release.origin}/{release.name}", by="bobo").status < 300

    assert depot.delete(f"/depot/origins/{release.origin}", by="bobo").status == 204

    for channel in (*CHANNELS, "stable", "unstable"):
        assert has_rows(release, channel)[:2] == (False, False)
    remove_all()
    assert has_rows(release, "other") == (False, False, False)
