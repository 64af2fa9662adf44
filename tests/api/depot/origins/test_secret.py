"""/depot/origins/{origin}/secret/** (accounts.md 7.6, 8.8)."""

import pytest

from tests.api.client import Depot
from tests.builders.keys import a_sealed_value, an_encryption_pair
from tests.builders.members import refused_callers
from tests.builders.origins import an_origin


def encryption_key(depot: Depot, origin: str) -> str:
    return depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").text


def store(depot: Depot, origin: str, name: str, value: str) -> tuple[int, str]:
    reply = depot.post(f"/depot/origins/{origin}/secret", by="bobo", json={"name": name, "value": value})
    return reply.status, reply.text


def stored(depot: Depot, origin: str) -> list[tuple[str, str]]:
    secrets = depot.get(f"/depot/origins/{origin}/secret", by="bobo").json()
    return [(secret["name"], secret["value"]) for secret in secrets]


def test_secrets_are_listed_as_received_oldest_first(depot: Depot) -> None:
    origin = an_origin(depot)
    sealed = {
        name: a_sealed_value(f"value of {name}", encryption_key(depot, origin)) for name in ("zoe", "anna", "mo/x")
    }
    for name, value in sealed.items():
        assert store(depot, origin, name, value) == (201, "")

    reply = depot.get(f"/depot/origins/{origin}/secret", by="bobo")

    assert stored(depot, origin) == list(sealed.items())
    assert all(list(secret) == ["id", "origin_id", "name", "value"] for secret in reply.json())
    assert all(secret["origin_id"] == "0" and secret["id"].isdecimal() for secret in reply.json())
    assert reply.headers["Cache-Control"] == "private, no-cache, no-store"


def test_without_secrets_the_list_is_empty(depot: Depot) -> None:
    assert depot.get(f"/depot/origins/{an_origin(depot)}/secret", by="bobo").text == "[]"


def test_a_secret_with_the_same_name_gets_the_new_value(depot: Depot) -> None:
    origin = an_origin(depot)
    first, second, third = (a_sealed_value(value, encryption_key(depot, origin)) for value in ("1", "2", "3"))
    store(depot, origin, "one", first)
    store(depot, origin, "two", second)

    assert store(depot, origin, "one", third) == (201, "")

    assert stored(depot, origin) == [("one", third), ("two", second)]
    depot.delete(f"/depot/origins/{origin}/secret/one", by="bobo")
    assert "There are 1 secrets" in depot.delete(f"/depot/origins/{origin}", by="bobo").text


def test_the_key_name_in_the_box_is_not_compared(depot: Depot) -> None:
    origin = an_origin(depot)
    version, _, sealed = a_sealed_value("1", encryption_key(depot, origin)).split("\n")

    assert store(depot, origin, "one", f"{version}\nsome-key-20010101000000\n{sealed}") == (201, "")


def test_a_deleted_secret_is_not_listed_and_deletion_is_idempotent(depot: Depot) -> None:
    origin = an_origin(depot)
    store(depot, origin, "a/b c", a_sealed_value("1", encryption_key(depot, origin)))

    for name in ("a%2Fb%20c", "a%2Fb%20c", "no-such-secret", "x" * 3000):
        reply = depot.delete(f"/depot/origins/{origin}/secret/{name}", by="bobo")
        assert (reply.status, reply.body) == (200, b"")

    assert stored(depot, origin) == []
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"name": 1, "value": "x"},
        {"name": None, "value": "x"},
        {"name": "x", "value": {}},
        {"name": "\ud800", "value": "x"},
    ],
)
def test_1_a_malformed_body_is_400(depot: Depot, body: object) -> None:
    for user in ("bobo", None):
        reply = depot.post("/depot/origins/no-such-origin/secret", by=user, json=body)
        assert (reply.status, reply.text[:24]) == (400, "Json deserialize error: ")
    assert depot.post("/depot/origins/no-such-origin/secret", by="bobo").status == 400


def test_2_callers_below_administrator_are_401_or_403(depot: Depot) -> None:
    origin = an_origin(depot)

    for name, user, status in refused_callers(depot, origin, "maintainer"):
        for reply in (
            depot.post(f"/depot/origins/{name}/secret", by=user, json={}),
            depot.get(f"/depot/origins/{name}/secret", by=user),
            depot.delete(f"/depot/origins/{name}/secret/one", by=user),
        ):
            assert (reply.status, reply.body) == (status, b"")


def test_3_an_empty_name_or_value_is_422(depot: Depot) -> None:
    origin = an_origin(depot)

    for body, missing in (({}, "name"), ({"value": "x"}, "name"), ({"name": "x"}, "value"), ({"name": ""}, "name")):
        reply = depot.post(f"/depot/origins/{origin}/secret", by="bobo", json=body)
        assert (reply.status, reply.text) == (422, f"Missing value for field `{missing}`")


@pytest.mark.parametrize("name", ["a\nb", "a\0", "\x1b[31m", "a\x85", "a\u2028b", "\u202ea"], ids=ascii)
def test_3_a_name_with_control_characters_is_422(depot: Depot, name: str) -> None:
    origin = an_origin(depot)

    assert store(depot, origin, name, "x") == (422, "Field `name` must not be `.` or `..` or have invisible characters")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("xyz", "Crypto error: Unsupported version: xyz"),
        ("BOX-1\na-20240101000000\nAAAA", "Crypto error: Unsupported version: BOX-1"),
        ("ANONYMOUS-BOX-1\nacme\nAAAA", "Crypto error: Line 2 is not the name and revision of a key"),
    ],
)
def test_4_a_value_that_is_not_an_anonymous_box_is_422(depot: Depot, value: str, reason: str) -> None:
    origin = an_origin(depot)  # it has no encryption key, which is checked later

    assert store(depot, origin, "one", value) == (422, f"Failed to parse encrypted message from payload: {reason}")


def test_5_an_origin_without_an_encryption_key_is_422(depot: Depot) -> None:
    origin = an_origin(depot)
    value = a_sealed_value("1", an_encryption_pair(origin)[0].text)

    assert store(depot, origin, "one", value) == (422, "Failed to get secret from payload: Record not found")


def test_6_a_box_that_the_origins_key_cannot_open_is_422(depot: Depot) -> None:
    origin = an_origin(depot)
    encryption_key(depot, origin)
    value = a_sealed_value("1", an_encryption_pair(origin)[0].text)

    assert store(depot, origin, "one", value) == (422, "Crypto error: Could not decrypt origin encrypted secret")
    assert stored(depot, origin) == []


def test_7_a_value_that_is_too_large_for_a_row_is_413(depot: Depot) -> None:
    origin = an_origin(depot)

    assert store(depot, origin, "one", a_sealed_value("x" * 300_000, encryption_key(depot, origin))) == (413, "")
    assert store(depot, origin, "one", a_sealed_value("x" * 290_000, encryption_key(depot, origin))) == (201, "")
