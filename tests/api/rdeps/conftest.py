"""Fixtures of the tests of reverse dependencies."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.packages.rdeps import routes
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders.hart import Hart
from tests.builders.origins import an_origin
from tests.builders.packages import a_package

Needing = Callable[..., Hart]
STAMP = "1.0/20240101000000"


@pytest.fixture
def origin(depot: Depot) -> str:
    """A new origin of bobo."""
    return an_origin(depot)


@pytest.fixture
def from_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """The build graph is the source of `/rdeps`."""
    monkeypatch.setattr(routes, "config", replace(config, rdeps_source="graph"))


@pytest.fixture
def needing(depot: Depot, origin: str) -> Needing:
    """Publish a release that needs names to run, and others to build; by default all are in the same origin."""

    def publish(name: str, *needed: str, build: tuple[str, ...] = (), within: str = origin, **hart: Any) -> Hart:
        deps, build_deps = (
            [f"{each if '/' in each else f'{origin}/{each}'}/{STAMP}" for each in names] for names in (needed, build)
        )
        return a_package(depot, within, name=name, deps=deps, build_deps=build_deps, **({"tdeps": deps} | hart))

    return publish
