"""Fixtures of the fault tests: a token, and a scene for tests that only read."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chalicelib.builds import motor
from chalicelib.catalog.long_changes import long_change_states
from chalicelib.identity.functional_users import USERS, account_id_of
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders.rows import keep_only, row_keys
from tests.builders.state_machines import create, fail_at_once
from tests.faults.scenes import OWNER, Scene, a_scene, a_stable_release
from tests.faults.stage import finish_within_request


@pytest.fixture(scope="module")
def token(depot: Depot) -> str:
    """The access token of the owner of all origins in these tests."""
    token: str = depot.post("/profile/access-tokens", by=OWNER).json()["token"]
    return token


@pytest.fixture(scope="module")
def stable_release(depot: Depot, token: str) -> Scene:
    """An origin with a package in `stable`, for tests that only read."""
    return a_scene(depot, token, a_stable_release)


@pytest.fixture(autouse=True)
def _rows_are_deleted(stable_release: Scene) -> Iterator[None]:
    """Delete the rows that a test adds, because each comparison of states reads the whole table."""
    for name in USERS:
        account_id_of(name)  # is cached, so the accounts must stay
    before = set(row_keys())
    yield
    # A fold changes the row of a shard, which stays, and adds its snapshot, which must stay with it.
    keep_only(before | {key for key in row_keys() if key[0].startswith("BUILD-GRAPH#")})


@pytest.fixture(scope="module", autouse=True)
def _state_machines(depot: Depot) -> Iterator[None]:
    """Executions are started and woken in the embedded engine, where their first step fails for lack of functions."""
    group_machine, job_machine = (create(name, fail_at_once) for name in ("GroupMachine", "JobMachine"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(motor, "config", replace(config, group_machine=group_machine, job_machine=job_machine))
        yield


@pytest.fixture(autouse=True)
def _no_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeat does not wait for the end of the lease of a request that failed."""
    monkeypatch.setattr(long_change_states, "LEASE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _uploads_finish_within_request(monkeypatch: pytest.MonkeyPatch) -> None:
    finish_within_request(monkeypatch)
