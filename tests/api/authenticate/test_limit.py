"""The limit of sign-ins per address (accounts.md 8.1)."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chalicelib.accounts.sign_in import limit as sign_in_limit
from chalicelib.platform.config import config
from tests.api.client import Depot, Reply
from tests.builders.http_double import HttpDouble
from tests.builders.names import a_name


@pytest.fixture
def limited(
    configured: Callable[..., None], provider: HttpDouble, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Set the limit, and stop the clock in a minute. Every test uses another address."""

    def limit(tries: int, minute: int = 1000) -> None:
        configured("github")
        changed = replace(config, functional_test=False, sign_ins_per_minute=tries)
        monkeypatch.setattr(sign_in_limit, "config", changed)
        monkeypatch.setattr("chalicelib.accounts.sign_in.limit.time.time", lambda: minute * 60 + 59.9)

    provider.answers("POST", "/token", {"error": "bad_verification_code"})
    return limit


def sign_in_from(depot: Depot, address: str) -> Reply:
    return depot.get("/authenticate/x", source_ip=address)


def test_an_address_above_the_limit_is_refused_until_the_next_minute(
    depot: Depot, limited: Callable[..., None], provider: HttpDouble
) -> None:
    address = a_name("address")
    limited(3)

    assert [sign_in_from(depot, address).status for _ in range(4)] == [401, 401, 401, 429]
    assert sign_in_from(depot, address).body == b""
    assert len(provider.received) == 3
    limited(3, minute=1001)
    assert sign_in_from(depot, address).status == 401


def test_each_address_has_its_own_limit(depot: Depot, limited: Callable[..., None]) -> None:
    limited(1)
    one, two = a_name("address"), a_name("address")

    assert [sign_in_from(depot, address).status for address in (one, two, one, two)] == [401, 401, 429, 429]


def test_zero_means_no_limit(depot: Depot, limited: Callable[..., None]) -> None:
    limited(0)
    address = a_name("address")

    assert {sign_in_from(depot, address).status for _ in range(35)} == {401}


def test_the_test_users_have_no_limit(depot: Depot) -> None:
    assert config.sign_ins_per_minute == 30
    assert {depot.get("/authenticate/bobo").status for _ in range(35)} == {200}


def test_other_routes_are_not_counted(depot: Depot, limited: Callable[..., None]) -> None:
    limited(1)

    assert {depot.get("/status").status for _ in range(5)} == {200}
