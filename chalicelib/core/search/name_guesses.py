"""Names that resemble the words of a query, and compounds that end with its last word. Pure.

An addition to the contract (packages.md section 6), whose rules are in `core/search/likeness.py`.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice

from chalicelib.core.search import likeness
from chalicelib.core.search.likeness import LIB, LONGEST_WORD, SHORTEST_PIECE, SHORTEST_SUBSTRING, Likeness
from chalicelib.core.search.name_table import Name, NameTable, Reaches
from chalicelib.core.search.search_terms import tokens

GUESSED_TERMS = 5
"""The number of terms up to which similar names are looked for."""

COMPARED = 5_000
"""The number of words with which a term is compared to find its typos. Half of a usual term begins less than 300."""

Ranked = tuple[tuple[list[int], int, Name], Name]
"""A name with its rank: rules, worst first; letters; name and origin."""


def guesses(table: NameTable, terms: Collection[str], reaches: Reaches, enough: int) -> list[Ranked]:
    """Return the names that a caller sees and that resemble all terms, with their ranks, in no order.

    The best `enough` names are among them.
    """
    if len(terms) > GUESSED_TERMS or any(len(word) > LONGEST_WORD for word in terms):
        return []
    longest, *others = sorted(terms, key=len, reverse=True)
    kinds: dict[int, list[int]] = {}
    for kind, numbers in _by_kind(table, longest):
        new = table.seen(set(numbers).difference(kinds), reaches)
        kinds.update((number, [kind]) for number in new)
        if not others and len(kinds) >= enough:
            break
    for word in others:
        before, kinds = kinds, {}
        for kind, numbers in _by_kind(table, word):
            alike = before.keys() & set(numbers)
            kinds.update((number, [*before[number], kind]) for number in alike if number not in kinds)
    return [_ranked(table, number, sorted(rules, reverse=True)) for number, rules in kinds.items()]


def compounds(table: NameTable, terms: Collection[str], reaches: Reaches, _: int) -> list[Ranked]:
    """Return the names with a word of two pieces that ends with the last term, and with all other terms as words.

    Only names that a caller sees, with their ranks, in no order. `lib` is the best first piece.
    """
    *inner, last = terms
    if len(last) < SHORTEST_PIECE or len(last) > LONGEST_WORD:
        return []
    others = [table.having(word) for word in inner]
    if not all(others):
        return []
    having_others = set(others[0]).intersection(*others[1:]) if others else None
    found: dict[int, int] = {}
    for token in table.tokens_containing(last):
        text = table.token(token)
        before = likeness.piece_before(last, text)
        if before is None:
            continue
        numbers = set(table.of_token(token))
        for number in table.seen(numbers if having_others is None else numbers & having_others, reaches):
            if text in tokens(table.names[number][0]):  # and not only a word of the origin
                found[number] = min(found.get(number, 1), int(before != LIB))
    return [_ranked(table, number, [rule]) for number, rule in found.items()]


def _ranked(table: NameTable, number: int, rules: list[int]) -> Ranked:
    name = table.names[number]
    return (rules, len(name[0]), name), name


def _by_kind(table: NameTable, word: str) -> Iterator[tuple[Likeness, Iterable[int]]]:
    """Yield the numbers of names that a word matches, by rule, best first."""
    yield Likeness.SAME, table.having(word)
    yield Likeness.BEGINS, table.beginning(word)
    if "-" in word:
        first, *others = (table.beginning(part) for part in word.split("-"))
        yield Likeness.PARTS, set(first).intersection(*others)
    for other in likeness.with_or_without_lib(word):
        yield Likeness.LIB, table.beginning(other)
    if len(word) >= SHORTEST_SUBSTRING:
        yield Likeness.CONTAINS, _having_any(table, table.tokens_containing(word))
    yield from ((kind, _having_any(table, found)) for kind, found in _typos(table, word).items())


def _typos(table: NameTable, word: str) -> dict[Likeness, list[int]]:
    """Return the numbers of the words that a term resembles because of a typo, by rule, best first."""
    found: dict[Likeness, list[int]] = {Likeness.TYPO: [], Likeness.TYPO_AT_START: []}
    clues = likeness.typo_clues(word)
    if clues is not None:
        beginnings, inner = clues
        candidates = chain(*map(table.tokens_beginning, beginnings), table.tokens_containing(inner))
        for token in dict.fromkeys(islice(candidates, COMPARED)):
            kind = likeness.typo(word, table.token(token))
            if kind is not None:
                found[kind].append(token)
    return found


def _having_any(table: NameTable, found: Iterable[int]) -> Iterator[int]:
    return chain.from_iterable(map(table.of_token, found))
