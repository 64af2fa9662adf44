"""Deep pages, which are listed by counts, have the same rows as the whole list (packages.md 1.9 and 5.1)."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.catalog.lists import list_folding
from chalicelib.core.lists import list_blocks
from chalicelib.packages import lists
from tests.api.client import Depot
from tests.builders.origins import an_origin
from tests.builders.releases import a_release, with_visibility

# Alone, these names and versions sort differently than in idents, where a slash follows them.
NAMES = ("tool", "tool-x", "tool2", "Tool", "tool_x")
VERSIONS = ("1.0", "1.0-rc1", "1.0+2", "1.0.1", "1.00")


@pytest.fixture(scope="module")
def mixed(depot: Depot) -> str:
    """An origin with public and private releases, and one name that has private releases only."""
    origin = an_origin(depot)
    releases = [a_release(depot, origin, name, version) for name in NAMES for version in VERSIONS[:2]]
    releases += [a_release(depot, origin, "tool", version) for version in VERSIONS[2:] for _ in range(2)]
    for number, ident in enumerate(releases):
        if ident.name == "tool2" or number % 4 == 1:
            with_visibility(depot, ident, "private")
    return origin


def pages(depot: Depot, path: str, by: str | None) -> list[Any]:
    """Return the page at every offset of a list."""
    total = depot.get(path, by=by).json()["total_count"]
    listed = [depot.get(path, by=by, query={"range": offset}).json() for offset in range(total + 2)]
    assert [page["total_count"] for page in listed] == [total] * (total + 2)
    return [page["data"] for page in listed]


@pytest.mark.parametrize("by", ["bobo", None])
@pytest.mark.parametrize("below", ["", "/tool", "/tool-x", "/tool/1.0"])
def test_every_page_begins_at_its_offset(
    depot: Depot, mixed: str, monkeypatch: pytest.MonkeyPatch, below: str, by: str | None
) -> None:
    path = f"/depot/pkgs/{mixed}{below}"
    everything = depot.get(path, by=by, query={"range": -1}).json()["data"]
    monkeypatch.setattr(lists, "DEEP", -1)

    listed = pages(depot, path, by)

    assert everything
    assert listed == [everything[offset:] for offset in range(len(everything) + 2)]


@pytest.mark.parametrize("by", ["bobo", None])
@pytest.mark.parametrize("path", ["/depot/pkgs/{origin}?distinct=true", "/depot/{origin}/pkgs"])
def test_deep_pages_of_names_and_settings_have_the_rows_of_the_list(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, path: str, by: str | None
) -> None:
    origin = an_origin(depot)
    for number in range(60):
        ident = a_release(depot, origin, f"tool-{number:02}")
        if number % 9 == 0:
            assert (
                depot.put(f"/settings/{origin}/{ident.name}", by="bobo", json={"visibility": "private"}).status == 200
            )
            with_visibility(depot, ident, "private")
    path = path.replace("{origin}", origin)
    before = depot.get(path, by=by, query={"range": 50}).json()
    monkeypatch.setattr(list_blocks, "BLOCK_ENTRIES", 8)
    monkeypatch.setattr(list_folding, "SETTLED", timedelta(0))
    list_folding.fold(origin)

    deep = depot.get(path, by=by, query={"range": 50}).json()

    assert deep == before
    assert deep["total_count"] == (60 if by else 53)
