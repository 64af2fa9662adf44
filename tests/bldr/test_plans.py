"""Plans of uploads and promotions, and the parts of an archive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.archives import Archive
from bldr.channel_plan import ChannelPlan, Move
from bldr.errors import AnswerMalformed, ArchiveDamaged, ChangeRefused
from bldr.packages import Described
from bldr.part_upload import PartUpload
from bldr.upload_plan import Step, UploadPlan, step
from chalicelib.core.named_revision import NamedRevision
from tests.bldr.test_sync_plan import NUMBERS, a_package

KEYS = [NamedRevision("acme", f"2024010100000{number}") for number in range(3)]


def an_archive(number: int, checksum: str = "a", needs: tuple[int, ...] = (), key: NamedRevision = KEYS[0]) -> Archive:
    tdeps = tuple(a_package(need).ident for need in needs)
    return Archive(a_path(number), Described(a_package(number), checksum, tdeps), 1, key)


def a_path(number: int):  # type: ignore[no-untyped-def]
    from pathlib import Path

    return Path(f"{number}.hart")


def test_archives_come_in_the_order_of_their_needs():
    plan = UploadPlan.of([an_archive(1, needs=(2, 9)), an_archive(2, needs=(3,)), an_archive(3)], [], [])

    assert list(plan.archives) == [a_package(3), a_package(2), a_package(1)]


def test_only_keys_that_signed_something_or_were_named_go_along():
    plan = UploadPlan.of([an_archive(1)], KEYS[:2], [KEYS[2]])

    assert plan.keys == (KEYS[0], KEYS[2])


def test_the_same_package_twice_is_taken_once_but_not_with_different_bytes():
    assert len(UploadPlan.of([an_archive(1), an_archive(1)], [], []).archives) == 1
    with pytest.raises(ArchiveDamaged, match="both"):
        UploadPlan.of([an_archive(1), an_archive(1, "b")], [], [])


@pytest.mark.parametrize(
    ("there", "forced", "expected"),
    [
        (None, False, Step.SEND),
        (None, True, Step.SEND),
        ("a", False, Step.SKIP),
        ("a", True, Step.SEND),
        ("b", False, Step.CONFLICT),
        ("b", True, Step.CONFLICT),
    ],
)
def test_what_becomes_of_an_archive(there, forced, expected):
    archive = an_archive(1).described
    found = Described(archive.package, there) if there else None

    assert step(archive, found, forced) is expected


@given(st.sampled_from(Move), st.lists(NUMBERS), st.sets(NUMBERS))
def test_a_move_changes_what_is_not_as_wished_and_nothing_else(move, wanted, members):
    packages = list(map(a_package, wanted))
    plan = ChannelPlan.of(move, "stable", packages, set(map(a_package, members)))
    after = set(map(a_package, members)) ^ set(plan.changes)

    assert {*plan.changes, *plan.settled} == set(packages)
    assert not set(plan.changes) & set(plan.settled)
    assert all((package in after) == (move is Move.PROMOTE) for package in packages)


@pytest.mark.parametrize("move", Move)
def test_unstable_is_left_alone(move):
    with pytest.raises(ChangeRefused, match="unstable"):
        ChannelPlan.of(move, "unstable", [a_package(1)], [])


@given(st.integers(1, 500), st.integers(1, 64))
def test_the_pieces_of_an_archive_are_the_archive(size, part_size):
    upload = PartUpload("1", "open", size, part_size, {}, {})
    pieces = [upload.piece(number) for number in range(1, upload.parts + 1)]

    assert [position for piece in pieces for position in range(piece.start, piece.start + piece.size)] == [*range(size)]
    assert all(piece.size == part_size for piece in pieces[:-1])


@pytest.mark.parametrize(
    "change", [{"part_size": 0}, {"parts": [{"number": 3, "url": "u"}]}, {"upload_id": 7}, {"received": None}]
)
def test_an_upload_that_cannot_be_is_refused(change):
    answer = {"upload_id": "7", "state": "open", "part_size": 10, "received": [], "parts": [{"number": 2, "url": "u"}]}

    assert PartUpload.of(answer, 20).takes_parts
    with pytest.raises(AnswerMalformed):
        PartUpload.of({**answer, **change}, 20)
