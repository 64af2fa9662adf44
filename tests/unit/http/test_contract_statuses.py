"""The quick table of packages.md 14 and the declarations of the routes list the same statuses."""

import re
from pathlib import Path

import pytest

from app import app
from chalicelib.http.routes import Route
from chalicelib.http.statuses import declared_statuses

CONTRACT = Path(__file__).parents[3] / "docs" / "contract" / "packages.md"
EVERYWHERE = {304, 401, 403, 422, 503}
"""The statuses that the text below the table allows on every row."""
CYCLE = 424
"""An upload that closes a cycle of dependencies, which only the build service refuses (packages.md 7, check 12)."""
WITH_STATUSES_OF_OTHERS = "GET /depot/pkgs/{}/{}/{}/{}/download"
"""This route passes on the statuses of the licence service, so it declares every status above 300."""


def _shape(name: str) -> str:
    return re.sub(r"{\w+}", "{}", name)


def _expanded(path: str) -> list[str]:
    """Return a path with and without its optional part, which stands in brackets and may contain another one."""
    found = re.fullmatch(r"([^\[]*)\[(.*)\](.*)", path)
    if found is None:
        return [path]
    before, optional, after = found.groups()
    return [before + part + after for part in ["", *_expanded(optional)]]


def _rows() -> dict[str, set[int]]:
    table = CONTRACT.read_text().partition("## 14. ")[2]
    rows = re.findall(r"^\| ([A-Z, ]+) (\S+) \| [^|]+ \| (.+) \|$", table, re.MULTILINE)
    return {
        _shape(f"{method} /{path}"): {int(status) for status in re.findall(r"\b[2-5]\d\d\b", statuses)}
        for methods, paths, statuses in rows
        for method in methods.split(", ")
        for path in _expanded(paths)
    }


ROWS = _rows()
DECLARED: dict[str, Route] = {_shape(route.name): route for route in app.declared}


def test_every_row_is_a_route() -> None:
    assert len(ROWS) >= 35
    assert [name for name in ROWS if name not in DECLARED] == []


@pytest.mark.parametrize("name", sorted(ROWS.keys() - {WITH_STATUSES_OF_OTHERS}))
def test_the_contract_and_the_route_list_the_same_statuses(name: str) -> None:
    declared = declared_statuses(DECLARED[name], app.errors)

    assert declared - ROWS[name] - EVERYWHERE == set()
    assert ROWS[name] - declared - {CYCLE} == set()
