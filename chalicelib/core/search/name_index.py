"""An index of package names that search asks (packages.md section 6). Pure and immutable."""

from collections.abc import Callable, Collection, Mapping
from heapq import nsmallest

from chalicelib.core.search import name_guesses
from chalicelib.core.search.name_guesses import Ranked
from chalicelib.core.search.name_table import Name, NameTable, Reaches
from chalicelib.core.search.search_terms import Terms
from chalicelib.core.shown import Shown

GUESSES = 50
"""The number of similar names in a result, and the number of exact matches below which compounds follow them."""

FRESH, FRESH_SHARE = 256, 100
"""The large table is built again for so many new names, or one per FRESH_SHARE names of a very large table."""


class NameIndex:
    """Names in two tables: a large one, and a small one of new names, so that a change costs little."""

    def __init__(self, large: NameTable | None = None, fresh: NameTable | None = None) -> None:
        self._tables = (large or NameTable({}), fresh or NameTable({}))

    @classmethod
    def of(cls, shown: Mapping[Name, Shown]) -> "NameIndex":
        """Return the index of some names."""
        return cls(NameTable(shown))

    def __len__(self) -> int:
        return sum(len(table.names) for table in self._tables)

    def changed(self, changes: Mapping[Name, Shown]) -> "NameIndex":
        """Return the index with other values for some names, which may be new. Returns itself if nothing differs."""
        large, fresh = self._tables
        flipped: dict[Name, Shown] = {}
        added: dict[Name, Shown] = {}
        for name, shown in changes.items():
            known = large.shown(name)
            if known is None:
                if fresh.shown(name) is not shown:
                    added[name] = shown
            elif known is not shown:
                flipped[name] = shown
        if not flipped and not added:
            return self
        small = {**dict(fresh.items()), **added}
        if len(small) >= max(FRESH, len(large.names) // FRESH_SHARE):
            everything = {**dict(large.items()), **flipped, **small}
            return NameIndex.of({name: shown for name, shown in everything.items() if shown})
        return NameIndex(large.with_shown(flipped) if flipped else large, NameTable(small) if added else fresh)

    def matches(self, terms: Terms, reaches: Reaches) -> list[Name]:
        """Return the names that have all terms as words, the last one as a beginning, by name and then origin.

        Only names that a caller sees.
        """
        if not terms.can_match:
            return []
        large, fresh = (_matches(table, terms.words, reaches) for table in self._tables)
        return sorted([*large, *fresh]) if fresh else large

    def guesses(self, terms: Terms, reaches: Reaches) -> list[Name]:
        """Return up to GUESSES names that resemble all terms, best first. Only names that a caller sees."""
        return self._best(name_guesses.guesses, terms, reaches)

    def compounds(self, terms: Terms, reaches: Reaches) -> list[Name]:
        """Return up to GUESSES names with a compound word that ends with the last term, best first.

        Only names that a caller sees. Names that `matches` returns may be among them.
        """
        return self._best(name_guesses.compounds, terms, reaches)

    def of_origin(self, origin: str, reaches: Reaches) -> list[str]:
        """Return the names of an origin that a caller sees, in no order."""
        return [table.names[each][0] for table in self._tables for each in table.seen(table.of_origin(origin), reaches)]

    def _best(
        self, find: Callable[[NameTable, Collection[str], Reaches, int], list[Ranked]], terms: Terms, reaches: Reaches
    ) -> list[Name]:
        if not terms.can_match:
            return []
        ranked = [entry for table in self._tables for entry in find(table, terms.words, reaches, GUESSES)]
        return [name for _, name in nsmallest(GUESSES, ranked)]


def _matches(table: NameTable, words: tuple[str, ...], reaches: Reaches) -> list[Name]:
    *inner, last = words
    others = sorted((table.having(word) for word in inner), key=len)
    if others and not others[0]:
        return []
    found = set(table.beginning(last))
    for numbers in others:
        found.intersection_update(numbers)
        if not found:
            return []
    return [table.names[number] for number in table.seen(sorted(found), reaches)]
