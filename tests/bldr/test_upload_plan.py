"""Plans of uploads."""

from pathlib import Path

import pytest

from bldr.archives import Archive
from bldr.errors import ArchiveDamaged
from bldr.packages import PackageDetails
from bldr.upload_plan import Action, UploadPlan, action_for
from chalicelib.core.keys.named_revision import NamedRevision
from tests.bldr.builders import a_package

KEYS = [NamedRevision("acme", f"2024010100000{number}") for number in range(3)]


def an_archive(number: int, checksum: str = "a", dependencies: tuple[int, ...] = ()) -> Archive:
    """An archive that the first key signed."""
    tdeps = tuple(a_package(dependency).ident for dependency in dependencies)
    return Archive(Path(f"{number}.hart"), PackageDetails(a_package(number), checksum, tdeps), 1, KEYS[0])


def test_dependencies_come_first() -> None:
    archives = [an_archive(1, dependencies=(2, 9)), an_archive(2, dependencies=(3,)), an_archive(3)]

    assert list(UploadPlan.of(archives, []).archives) == [a_package(3), a_package(2), a_package(1)]


def test_keys_are_planned_in_the_order_of_their_names() -> None:
    assert UploadPlan.of([an_archive(1)], [KEYS[2], KEYS[0]]).keys == (KEYS[0], KEYS[2])


def test_a_second_archive_of_a_package_must_have_the_same_bytes() -> None:
    assert len(UploadPlan.of([an_archive(1), an_archive(1)], []).archives) == 1
    with pytest.raises(ArchiveDamaged, match="both"):
        UploadPlan.of([an_archive(1), an_archive(1, "b")], [])


@pytest.mark.parametrize(
    ("published_checksum", "forced", "action"),
    [
        (None, False, Action.SEND),
        (None, True, Action.SEND),
        ("a", False, Action.SKIP),
        ("a", True, Action.SEND),
        ("b", False, Action.CONFLICT),
        ("b", True, Action.CONFLICT),
    ],
)
def test_the_action_depends_on_the_published_checksum(
    published_checksum: str | None, forced: bool, action: Action
) -> None:
    details = an_archive(1).details
    published = None if published_checksum is None else PackageDetails(details.package, published_checksum)

    assert action_for(details, published, forced) is action
