"""Lists while packages become private: the caller decides what is shown, never a count (packages.md 1.9)."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.catalog.lists import list_pages
from chalicelib.packages import lists
from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, promote

LISTS = {
    "idents of an origin": "/depot/pkgs/{origin}",
    "idents of a name": "/depot/pkgs/{origin}/{name}",
    "names of an origin": "/depot/pkgs/{origin}?distinct=true",
    "settings of an origin": "/depot/{origin}/pkgs",
    "packages of a channel": "/depot/channels/{origin}/{channel}/pkgs",
    "packages of a name in a channel": "/depot/channels/{origin}/{channel}/pkgs/{name}",
}


@pytest.mark.parametrize("listing", LISTS)
def test_a_private_package_that_is_uploaded_between_the_calls_of_a_list_is_not_shown(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, listing: str
) -> None:
    path = LISTS[listing]
    origin, name = an_origin(depot), a_name("package")
    public = a_package(depot, origin, name=name, version="1.0")
    channel = a_channel(depot, origin, "shared")
    promote(depot, public, channel)

    def upload_a_private_package() -> None:
        hidden = a_name("hidden")
        assert depot.post(f"/settings/{origin}/{hidden}", by="bobo").status == 201
        assert depot.put(f"/settings/{origin}/{hidden}", by="bobo", json={"visibility": "private"}).status == 200
        promote(depot, a_package(depot, origin, name=hidden), channel)
        assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": "private"}).status == 200
        promote(depot, a_package(depot, origin, name=name, version="2.0"), channel)

    module = lists if "{name}" in path and "channels" not in path else list_pages
    before(monkeypatch, module, upload_a_private_package)
    shown = depot.get(path.format(origin=origin, name=name, channel=channel)).json()["data"]

    assert [row for row in shown if row["name"] != name] == []
    assert [row for row in shown if row.get("version") == "2.0"] == []
    assert [row for row in shown if row.get("visibility") == "private"] == []


def before(monkeypatch: pytest.MonkeyPatch, module: Any, write: Callable[[], None]) -> None:
    """Run a write once, right before a module reads the rows of a list."""
    read: Callable[..., Any] = module.rows
    writes = [write]

    def rows_after_the_write(*args: Any, **options: Any) -> Any:
        while writes:
            writes.pop()()
        return read(*args, **options)

    monkeypatch.setattr(module, "rows", rows_after_the_write)
