"""The API that the API tests use, and somebody with a token of their own."""

from collections.abc import Iterator

import pytest

from tests.api.client import Depot
from tests.faults.operations import OWNER, Operation, Scene, a_scene, finish_at_once, in_stable


@pytest.fixture(scope="module")
def token(depot: Depot) -> str:
    """The access token of the owner of all origins here."""
    made: str = depot.post("/profile/access-tokens", by=OWNER).json()["token"]
    return made


@pytest.fixture(scope="module")
def shelf(depot: Depot, token: str) -> Scene:
    """An origin with a package in `stable`, for whoever only reads."""
    return a_scene(depot, token, Operation(lambda scene: scene.send("GET", "/status"), in_stable))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    finish_at_once(monkeypatch)
    yield
