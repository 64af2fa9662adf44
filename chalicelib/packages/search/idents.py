"""The idents on a page of a search. One Query reads those of all neighbouring names of an origin."""

from collections.abc import Iterator
from functools import partial
from itertools import islice, pairwise

from msgspec import Struct

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.search.name_index import NameIndex
from chalicelib.core.standing import Standing
from chalicelib.identity.access import VisibleOrigins
from chalicelib.packages.search.counts import Counted
from chalicelib.platform import parallel
from chalicelib.platform.table import SPARE_ROWS, rows

IDENTS = 10_000
"""The number of ident rows that are read for a page."""

_AFTER_SLASH = "0"
"""The character after the slash: a range that ends with it holds all idents of a name."""


class _Run(Struct):
    """Names of an origin that follow each other, and of how many idents the caller needs which."""

    names: list[Counted]
    needed: int | None


def of(
    index: NameIndex, on_page: list[Counted], start: int, end: int | None, visible: VisibleOrigins
) -> list[PackageIdent]:
    """Return the visible idents of names, once per target, from one position to another."""
    read = parallel.each(_read, _runs(index, on_page, end, visible))
    return [ident for idents in read for ident in idents][start:end]


def _runs(index: NameIndex, on_page: list[Counted], end: int | None, visible: VisibleOrigins) -> list[_Run]:
    """Return the names up to the end of the page in runs. Invisible names between them make no difference."""
    runs: list[_Run] = []
    following: dict[str, dict[str, str]] = {}
    for counted in on_page:
        if end is not None and end <= 0:
            break
        origin = counted.origin
        if origin not in following:
            ordered = sorted(index.of_origin(origin, visible.reaches), key=_place)
            following[origin] = dict(pairwise(ordered))
        last = runs[-1].names[-1] if runs else None
        if last is not None and last.origin == origin and following[origin].get(last.name) == counted.name:
            runs[-1].names.append(counted)
        else:
            runs.append(_Run([counted], end))
        end = None if end is None else end - counted.packages
    return runs


def _read(run: _Run) -> list[PackageIdent]:
    return list(islice(_visible_idents(run), run.needed))


def _visible_idents(run: _Run) -> Iterator[PackageIdent]:
    names = {counted.name for counted in run.names}
    origin, member = run.names[0].origin, run.names[0].member
    for row in _rows(run):
        ident = PackageIdent(origin, *row.parts)
        if ident.name in names:
            for _ in Standing.parse(row.standing).visible_to(member):
                yield ident


def _rows(run: _Run) -> Iterator[IdentRow]:
    """Yield the rows of the names, and of invisible names between them.

    The first call reads a few more rows than needed, so that a few invisible ones cost no other call. It reads all rows
    if some are known to be invisible.
    """
    between = (_place(run.names[0].name), run.names[-1].name + _AFTER_SLASH)
    read = partial(rows, IdentRow, package_rows.idents_partition(run.names[0].origin), between=between)
    if run.needed is None or any(counted.hidden for counted in run.names):
        yield from read(limit=IDENTS)
        return
    few = min(IDENTS, 2 * run.needed + SPARE_ROWS if len(run.names) > 1 else run.needed)
    read_first = list(read(limit=few))
    yield from read_first
    if len(read_first) == few < IDENTS:
        yield from read(limit=IDENTS - few, after=read_first[-1].sk)


def _place(name: str) -> str:
    return f"{name}/"
