"""Blocks of a list against a plain list: totals, starts of pages, and the invariant of prefixes."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.lists import list_blocks
from chalicelib.core.lists.list_blocks import Blocks, Span, WrongCounts, end_of
from chalicelib.core.shown import Shown

LIMIT = 4
SEGMENTS = ["a", "a0", "a-", "b", "B", "0", "é", "\U0001f600"]
PATHS = st.builds("{}/{}/{}".format, *[st.sampled_from(SEGMENTS)] * 3)
NAMES = st.text("ab0", min_size=1, max_size=4)
CHANGES = st.lists(st.tuples(st.one_of(PATHS), st.sampled_from(Shown)), max_size=150)
CHANGES_OF_NAMES = st.lists(st.tuples(NAMES, st.sampled_from(Shown)), max_size=150)
FOLDED_AFTER = st.integers(1, 40)


@pytest.fixture(autouse=True)
def short_blocks() -> Iterator[None]:
    """Split blocks of more than four entries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(list_blocks, "BLOCK_ENTRIES", LIMIT)
        yield


Model = dict[str, Shown]


def changed(changes: list[tuple[str, Shown]], fold_after: int) -> tuple[Blocks, Model]:
    """Return blocks and a model with some changes. Blocks are split and merged every few changes."""
    blocks, model = Blocks(), Model()
    for number, (key, shown) in enumerate(changes, 1):
        blocks.apply(key, model.get(key, Shown.ABSENT), shown)
        model[key] = shown
        if number % fold_after == 0:
            folded(blocks, model)
            blocks = Blocks.unpacked(blocks.packed())
    return blocks, model


def folded(blocks: Blocks, model: Model) -> None:
    """Split and merge blocks."""
    for span in blocks.too_long():
        blocks.split(span, model)
    assert all(entries <= LIMIT for _, entries, _ in blocks)
    blocks.merge()


def visible(model: Model, member: bool, prefix: str = "") -> list[str]:
    """Return the visible keys of a model in their order."""
    least = Shown.MEMBERS if member else Shown.EVERYONE
    return sorted((key for key, shown in model.items() if shown >= least and key.startswith(prefix)), key=str.encode)


def prefixes(model: Model) -> set[str]:
    """Return the prefixes of all keys."""
    return {prefix for key in model for prefix in (key.split("/")[0] + "/", key.rpartition("/")[0] + "/") if "/" in key}


@given(CHANGES, FOLDED_AFTER)
def test_blocks_count_what_a_plain_list_holds(changes: list[tuple[str, Shown]], fold_after: int) -> None:
    blocks, model = changed(changes, fold_after)

    for first, entries, public in blocks:
        span = next(s for s in [*spans(blocks)] if s.first == first)
        assert entries == sum(key in span for key in visible(model, member=True))
        assert public == sum(key in span for key in visible(model, member=False))


def spans(blocks: Blocks) -> list[Span]:
    """Return the spans of all blocks."""
    firsts = [first for first, _, _ in blocks]
    return [Span(first, end) for first, end in zip(firsts, [*firsts[1:], None], strict=True)]


@given(st.one_of(CHANGES, CHANGES_OF_NAMES), FOLDED_AFTER)
@settings(max_examples=200)
def test_parts_have_the_totals_and_starts_of_a_plain_list(changes: list[tuple[str, Shown]], fold_after: int) -> None:
    blocks, model = changed(changes, fold_after)

    for prefix in ["", *prefixes(model)]:
        part = blocks.part(prefix)
        if part is None:
            continue
        for member in (True, False):
            keys = visible(model, member, prefix)
            assert part.total(member) == len(keys)
            for descending in (True, False):
                ordered = keys[::-1] if descending else keys
                for offset in range(len(keys) + 1):
                    skipped, stretches = part.stretches(offset, 3, member, descending)
                    held = [key for stretch in stretches for key in ordered if key in stretch.span]
                    assert held[skipped : skipped + 3] == ordered[offset : offset + 3]


@given(CHANGES, FOLDED_AFTER, st.integers(0, 30), st.integers(1, 10), st.integers(0, 3), st.integers(1, 3))
def test_the_stretches_of_a_page_leave_out_blocks_without_visible_entries(
    changes: list[tuple[str, Shown]], fold_after: int, offset: int, size: int, passed: int, most: int
) -> None:
    blocks, model = changed(changes, fold_after)
    keys, everything = visible(model, member=False), visible(model, member=True)
    shown_blocks = [span for span in spans(blocks) if any(key in span for key in keys)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(list_blocks, "MOST_PASSED", passed)
        patch.setattr(list_blocks, "MOST_STRETCHES", most)
        for descending in (True, False):
            skipped, stretches = blocks.whole.stretches(offset, size, member=False, descending=descending)
            ordered = keys[::-1] if descending else keys
            held = [key for stretch in stretches for key in ordered if key in stretch.span]
            assert held[skipped : skipped + size] == ordered[offset : offset + size]
            assert len(stretches) <= most
            for stretch in stretches:
                within = [span for span in spans(blocks) if span.first in stretch.span]
                assert {within[0], within[-1]} <= set(shown_blocks)
                assert stretch.entries == sum(key in stretch.span for key in everything)
                assert stretch.visible == sum(key in stretch.span for key in keys)


@given(st.one_of(CHANGES, CHANGES_OF_NAMES), FOLDED_AFTER)
@settings(max_examples=200)
def test_a_prefix_is_in_one_block_or_fills_several(changes: list[tuple[str, Shown]], fold_after: int) -> None:
    blocks, model = changed(changes, fold_after)

    for prefix in prefixes(model):
        if blocks.part(prefix) is None:
            [holding] = [s for s in spans(blocks) if s.first <= prefix and (s.end is None or prefix < s.end)]
            assert holding.end is None or end_of(prefix) <= holding.end


@given(CHANGES)
def test_all_entries_at_once_make_the_same_totals(changes: list[tuple[str, Shown]]) -> None:
    model = dict(changes)

    blocks = Blocks.of_entries(model)

    whole = blocks.whole
    assert [whole.total(member) for member in (True, False)] == [
        len(visible(model, member)) for member in (True, False)
    ]
    assert all(entries <= LIMIT for _, entries, _ in blocks)


@given(CHANGES)
def test_merging_leaves_few_blocks_of_a_list_that_has_become_empty(changes: list[tuple[str, Shown]]) -> None:
    model = dict(changes)
    blocks = Blocks.of_entries(model)

    for key, shown in model.items():
        blocks.apply(key, shown, Shown.ABSENT)
    blocks.merge()

    assert list(blocks) == [("", 0, 0)]


@given(CHANGES, st.randoms())
def test_the_order_of_changes_does_not_matter(changes: list[tuple[str, Shown]], random: Random) -> None:
    model, applied = Model(), []
    for key, shown in changes:
        applied.append((key, model.get(key, Shown.ABSENT), shown))
        model[key] = shown
    random.shuffle(applied)
    blocks = Blocks()

    for change in applied:
        blocks.apply(*change)

    assert list(blocks) == [("", len(visible(model, member=True)), len(visible(model, member=False)))]


def test_a_negative_count_is_not_stored() -> None:
    blocks = Blocks()
    blocks.apply("a/1/1", Shown.MEMBERS, Shown.ABSENT)

    with pytest.raises(WrongCounts):
        blocks.packed()


def test_more_public_entries_than_entries_are_not_stored() -> None:
    blocks = Blocks()
    blocks.apply("a/1/1", Shown.MEMBERS, Shown.EVERYONE)

    with pytest.raises(WrongCounts):
        blocks.packed()


@pytest.mark.parametrize("wrong", [{}, {"a/1/1": Shown.MEMBERS}, {"a/1/1": Shown.EVERYONE, "b/1/1": Shown.EVERYONE}])
def test_a_split_finds_wrong_counts(wrong: Model) -> None:
    blocks = Blocks()
    blocks.apply("a/1/1", Shown.ABSENT, Shown.EVERYONE)

    with pytest.raises(WrongCounts):
        blocks.split(Span("", None), wrong)


def test_a_block_is_cut_between_names_first() -> None:
    blocks = Blocks.of_entries(dict.fromkeys(["a/1/1", "b/1/1", "b/1/2", "b/1/3", "b/2/1"], Shown.EVERYONE))

    assert list(blocks) == [("", 1, 1), ("b/", 4, 4)]


def test_a_block_of_one_name_is_cut_between_versions() -> None:
    blocks = Blocks.of_entries(dict.fromkeys(["b/1/1", "b/1/2", "b/1/3", "b/2/1", "b/3/1"], Shown.EVERYONE))

    assert list(blocks) == [("", 0, 0), ("b/", 3, 3), ("b/2/", 2, 2), ("b0", 0, 0)]


def test_a_hundred_thousand_entries_have_a_small_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_blocks, "BLOCK_ENTRIES", 128)
    drawn = Random(1)
    names = [f"{drawn.choice(['lib', 'py', 'core'])}-{drawn.randrange(10**6):x}" for _ in range(12_000)]
    keys = {f"{drawn.choice(names)}/1.{drawn.randrange(9)}/2026{drawn.randrange(10**10):010}" for _ in range(100_000)}

    blocks = Blocks.of_entries(dict.fromkeys(keys, Shown.EVERYONE))

    assert len(blocks.packed()) < 8_000


def test_a_huge_list_has_longer_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_blocks, "MOST_BLOCKS", 8)

    blocks = Blocks.of_entries(dict.fromkeys([f"{number:04}" for number in range(1_000)], Shown.EVERYONE))

    assert len(blocks) <= 16
    assert max(entries for _, entries, _ in blocks) <= 1_000 // 8
