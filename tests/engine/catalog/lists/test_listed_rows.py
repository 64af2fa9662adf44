"""The entries of each kind of list, as its rows show them."""

import pytest

from chalicelib.catalog import channel_rows, name_rows, package_rows
from chalicelib.catalog.channel_rows import MembershipRow
from chalicelib.catalog.lists import list_rows
from chalicelib.catalog.lists.listed_rows import listed_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.lists.list_blocks import Span
from chalicelib.core.shown import Shown
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.packages.settings import rows as settings_rows
from chalicelib.platform.row import Row
from chalicelib.platform.table import put_many, rows
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")

Entries = dict[str, Shown]


def idents(origin: str) -> Entries:
    pk = package_rows.idents_partition(origin)
    put_many(
        [
            IdentRow(pk, sk, standing="{}", public=public, revision=1)
            for sk, public in [("a/1/1", True), ("b/1/1", False)]
        ]
    )
    return {"a/1/1": Shown.EVERYONE, "b/1/1": Shown.MEMBERS}


def names(origin: str) -> Entries:
    pk = name_rows.names_partition(origin)
    counts = {"public": (2, 1), "private": (2, 0), "former": (0, 0)}
    put_many([NameRow(pk, sk, idents=idents, public_idents=public) for sk, (idents, public) in counts.items()])
    return {"public": Shown.EVERYONE, "private": Shown.MEMBERS, "former": Shown.ABSENT}


def settings(origin: str) -> Entries:
    put_many([settings_rows.new(origin, str(visibility), visibility, 1) for visibility in Visibility])
    return {str(each): Shown.entry(exists=True, public=each is Visibility.PUBLIC) for each in Visibility}


def members(origin: str) -> Entries:
    several = [(Target.X86_64_LINUX, Visibility.PUBLIC), (Target.X86_64_WINDOWS, Visibility.PRIVATE)]
    ident = PackageIdent(origin, "tool", "1.0", "20260101000000")
    keys = [channel_rows.membership_key("stable", ident, target) for target, _ in several]
    put_many(
        [
            MembershipRow(
                key.pk,
                key.sk,
                ident=str(ident),
                target=str(target),
                visibility=str(visibility),
                created_at="",
                updated_at="",
            )
            for key, (target, visibility) in zip(keys, several, strict=True)
        ]
    )
    return {keys[0].sk: Shown.EVERYONE, keys[1].sk: Shown.MEMBERS}


LISTS = {
    list_rows.IDENTS: idents,
    list_rows.NAMES: names,
    list_rows.SETTINGS: settings,
    list_rows.channel_list("stable"): members,
}


@pytest.mark.parametrize("name", LISTS)
def test_rows_show_to_whom_entries_are_shown(name: str) -> None:
    origin = a_name("origin")
    entries = LISTS[name](origin)
    stored = listed_rows(origin, name)

    assert stored.states(Span("", None)) == entries
    assert stored.states_of([*entries, "none"]) == {**entries, "none": Shown.ABSENT}
    for where, least in [(stored.public, Shown.EVERYONE), (stored.existing, Shown.MEMBERS)]:
        found: list[Row] = list(rows(stored.kind, stored.pk, where=where))
        assert {row.sk for row in found} == {key for key, shown in entries.items() if shown >= least}


def test_a_span_leaves_out_its_end() -> None:
    origin = a_name("origin")
    idents(origin)

    assert list(listed_rows(origin, list_rows.IDENTS).states(Span("a", "b/1/1"))) == ["a/1/1"]


def test_the_channel_of_a_list() -> None:
    assert list_rows.channel_of(list_rows.channel_list("stable")) == "stable"
    assert list_rows.channel_of(list_rows.IDENTS) is None


def test_odd_keys_are_stored_exactly() -> None:
    changes = [
        list_rows.EntryChange(list_rows.IDENTS, key, Shown.ABSENT, Shown.EVERYONE)
        for key in ('a/"1"/1', "a/1/1\x1fx86_64-linux", "a/\n/\t", "é/\U0001f600/1")
    ]

    row = list_rows.ListChangeRow("", "1".zfill(19), changes=list_rows.stored_changes(changes))

    assert list(row.entries) == changes
