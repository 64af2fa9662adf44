"""Work of a deep page that is requested directly, for a caller who may not see all rows before it (packages.md 9.4)."""

import pytest

from chalicelib.catalog import channel_rows
from chalicelib.catalog.channel_rows import ChannelCountRow, ChannelRow, MembershipRow
from chalicelib.channels import page_starts, reads
from chalicelib.core.event_kinds import Trigger
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.identity.caller import identify
from chalicelib.platform import table
from local import moto_partitions
from tests.builders.names import a_name

ROWS, PAGE, TRANSFERRED = 400, 50, 100


@pytest.fixture
def origin(table: None) -> str:
    """The rows of a channel in which every tenth package is private."""
    origin = a_name("origin")
    write(origin)
    return origin


def write(origin: str) -> None:
    key, counts = channel_rows.channel_key(origin, "stable"), channel_rows.count_key(origin, "stable")
    members = []
    for number in range(ROWS):
        ident = PackageIdent(origin, f"tool-{number:04}", "1.0", "20240101000000")
        member = channel_rows.membership_key("stable", ident, Target.X86_64_LINUX)
        visibility = "public" if number % 10 else "private"
        members.append(
            MembershipRow(
                member.pk,
                member.sk,
                ident=str(ident),
                target="x86_64-linux",
                visibility=visibility,
                created_at="2024",
                updated_at="2024",
            )
        )
    table.put_many(
        [
            ChannelRow(key.pk, key.sk, id=1, owner_id=1, created_at="2024"),
            ChannelCountRow(counts.pk, counts.sk, packages=ROWS, public_packages=ROWS * 9 // 10, revision=1),
            *members,
        ]
    )


def test_the_rows_before_a_deep_page_are_counted_and_not_transferred(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_bytes = 180
    monkeypatch.setattr(page_starts, "DEEP_AMONG_HIDDEN", 100)
    monkeypatch.setattr(moto_partitions, "RESULT_SIZE_LIMIT", TRANSFERRED * row_bytes)
    transferred: list[str] = []
    real = MembershipRow.from_raw_data.__func__  # type: ignore[attr-defined]

    def counting(kind: type[MembershipRow], item: dict[str, dict[str, str]]) -> MembershipRow:
        transferred.append(item["sk"]["S"])
        row: MembershipRow = real(kind, item)
        return row

    monkeypatch.setattr(MembershipRow, "from_raw_data", classmethod(counting))
    caller = identify(None, origin, Trigger.UNKNOWN)

    page, total = reads.idents(origin, "stable", "", 300, PAGE, caller)

    public = [f"tool-{number:04}" for number in range(ROWS) if number % 10]
    assert total == len(public)
    assert [ident.name for ident in page] == public[300:350]
    assert len(transferred) < 2 * TRANSFERRED + PAGE
