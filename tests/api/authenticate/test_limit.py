"""How often an address may try to sign in."""

import pytest
from msgspec.structs import replace

from chalicelib.accounts.sign_in import limit as sign_in_limit
from chalicelib.accounts.sign_in import service
from chalicelib.platform.config import config
from tests.builders.names import a_name


@pytest.fixture
def limited(configured, provider, monkeypatch):
    """Let every address try so often in a minute; the clock stands still, and every test has an address of its own."""

    def limit(tries: int, minute: int = 1000) -> None:
        configured("github")
        monkeypatch.setattr(service, "config", replace(service.config, sign_ins_per_minute=tries))
        monkeypatch.setattr(sign_in_limit, "config", service.config)
        monkeypatch.setattr(sign_in_limit.time, "time", lambda: minute * 60 + 59.9)

    provider.answers("POST", "/token", {"error": "bad_verification_code"})
    return limit


def _try(depot, address):
    path = "/v1/authenticate/x"
    return depot._client.get(path, environ_overrides={"RAW_URI": path, "REMOTE_ADDR": address})


def test_an_address_above_the_limit_waits_for_the_next_minute(depot, limited, provider):
    address = a_name("address")
    limited(3)

    assert [_try(depot, address).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert _try(depot, address).data == b""
    assert len(provider.asked) == 3
    limited(3, minute=1001)
    assert _try(depot, address).status_code == 401


def test_addresses_are_counted_apart(depot, limited):
    limited(1)
    one, two = a_name("address"), a_name("address")

    assert [_try(depot, address).status_code for address in (one, two, one, two)] == [401, 401, 429, 429]


def test_zero_is_no_limit(depot, limited):
    limited(0)
    address = a_name("address")

    assert {_try(depot, address).status_code for _ in range(35)} == {401}


def test_the_test_users_have_no_limit(depot):
    assert config.sign_ins_per_minute == 30
    assert {depot.get("/authenticate/bobo").status for _ in range(35)} == {200}


def test_other_routes_are_not_counted(depot, limited):
    limited(1)

    assert {depot.get("/status").status for _ in range(5)} == {200}
