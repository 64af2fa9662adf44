"""/depot/origins/{origin}/secret/** (accounts.md 7.6, 8.8)."""

import pytest

from tests.api.client import Depot
from tests.builders.keys import a_sealed_value, an_encryption_pair
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


def key_of(depot: Depot, origin: str) -> str:
    return depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").text


def store(depot: Depot, origin: str, name: str, value: str) -> tuple[int, str]:
    reply = depot.post(f"/depot/origins/{origin}/secret", by="bobo", json={"name": name, "value": value})
    return reply.status, reply.text


def listed(depot: Depot, origin: str) -> list[tuple[str, str]]:
    secrets = depot.get(f"/depot/origins/{origin}/secret", by="bobo").json()
    return [(secret["name"], secret["value"]) for secret in secrets]


def test_secrets_are_kept_as_received_in_the_order_of_creation(depot: Depot) -> None:
    origin = an_origin(depot)
    sealed = {name: a_sealed_value(f"value of {name}", key_of(depot, origin)) for name in ("zoe", "anna", "mo/x")}
    for name, value in sealed.items():
        assert store(depot, origin, name, value) == (201, "")

    reply = depot.get(f"/depot/origins/{origin}/secret", by="bobo")

    assert listed(depot, origin) == list(sealed.items())
    assert all(list(secret) == ["id", "origin_id", "name", "value"] for secret in reply.json())
    assert all(secret["origin_id"] == "0" and secret["id"].isdecimal() for secret in reply.json())
    assert reply.headers["Cache-Control"] == "private, no-cache, no-store"


def test_without_secrets_the_list_is_empty(depot: Depot) -> None:
    assert depot.get(f"/depot/origins/{an_origin(depot)}/secret", by="bobo").text == "[]"


def test_a_value_of_the_same_name_is_replaced(depot: Depot) -> None:
    origin = an_origin(depot)
    first, second, third = (a_sealed_value(value, key_of(depot, origin)) for value in ("1", "2", "3"))
    store(depot, origin, "one", first)
    store(depot, origin, "two", second)

    assert store(depot, origin, "one", third) == (201, "")

    assert listed(depot, origin) == [("one", third), ("two", second)]
    depot.delete(f"/depot/origins/{origin}/secret/one", by="bobo")
    assert "There are 1 secrets" in depot.delete(f"/depot/origins/{origin}", by="bobo").text


def test_the_name_in_the_box_is_not_compared(depot: Depot) -> None:
    origin = an_origin(depot)
    version, _, sealed = a_sealed_value("1", key_of(depot, origin)).split("\n")

    assert store(depot, origin, "one", f"{version}\nsome-key-20010101000000\n{sealed}") == (201, "")


def test_a_secret_is_forgotten_once_and_for_all(depot: Depot) -> None:
    origin = an_origin(depot)
    store(depot, origin, "a/b c", a_sealed_value("1", key_of(depot, origin)))

    for name in ("a%2Fb%20c", "a%2Fb%20c", "never", "x" * 3000):
        reply = depot.delete(f"/depot/origins/{origin}/secret/{name}", by="bobo")
        assert (reply.status, reply.body) == (200, b"")

    assert listed(depot, origin) == []
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
def test_1_what_cannot_be_read_is_400_before_anything_else(depot: Depot, body: object) -> None:
    for user in ("bobo", None):
        reply = depot.post("/depot/origins/nowhere/secret", by=user, json=body)
        assert (reply.status, reply.text[:24]) == (400, "Json deserialize error: ")
    assert depot.post("/depot/origins/nowhere/secret", by="bobo").status == 400


def test_2_then_who_may(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "maintainer")

    for place, user, status in (
        (origin, None, 401),
        (origin, "wesker", 403),
        (origin, "mystique", 403),
        (a_name("origin"), "bobo", 403),
    ):
        for reply in (
            depot.post(f"/depot/origins/{place}/secret", by=user, json={}),
            depot.get(f"/depot/origins/{place}/secret", by=user),
            depot.delete(f"/depot/origins/{place}/secret/one", by=user),
        ):
            assert (reply.status, reply.body) == (status, b"")


def test_3_then_the_name_and_the_value_must_be_there(depot: Depot) -> None:
    origin = an_origin(depot)

    for sent, missing in (({}, "name"), ({"value": "x"}, "name"), ({"name": "x"}, "value"), ({"name": ""}, "name")):
        reply = depot.post(f"/depot/origins/{origin}/secret", by="bobo", json=sent)
        assert (reply.status, reply.text) == (422, f"Missing value for field `{missing}`")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("xyz", "Crypto error: Unsupported version: xyz"),
        ("BOX-1\na-20240101000000\nAAAA", "Crypto error: Unsupported version: BOX-1"),
        ("ANONYMOUS-BOX-1\nacme\nAAAA", "Crypto error: Line 2 is not the name and revision of a key"),
    ],
)
def test_4_then_the_value_must_be_an_anonymous_box(depot: Depot, value: str, reason: str) -> None:
    origin = an_origin(depot)  # without an encryption key, which is asked for later

    said = store(depot, origin, "one", value)

    assert said == (422, f"Failed to parse encrypted message from payload: {reason}")


def test_5_then_the_origin_must_have_an_encryption_key(depot: Depot) -> None:
    origin = an_origin(depot)
    value = a_sealed_value("1", an_encryption_pair(origin)[0].text)

    assert store(depot, origin, "one", value) == (422, "Failed to get secret from payload: Record not found")


def test_6_then_the_key_must_open_the_box(depot: Depot) -> None:
    origin = an_origin(depot)
    key_of(depot, origin)
    value = a_sealed_value("1", an_encryption_pair(origin)[0].text)

    assert store(depot, origin, "one", value) == (422, "Crypto error: Could not decrypt origin encrypted secret")
    assert listed(depot, origin) == []


def test_a_value_that_no_row_holds_is_413(depot: Depot) -> None:
    origin = an_origin(depot)

    assert store(depot, origin, "one", a_sealed_value("x" * 300_000, key_of(depot, origin))) == (413, "")
    assert store(depot, origin, "one", a_sealed_value("x" * 290_000, key_of(depot, origin))) == (201, "")
