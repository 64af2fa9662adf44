"""/depot/origins/{origin}/integrations/** (accounts.md 8.9)."""

import json

import pytest

from chalicelib.origins.integrations import rows as integration_rows
from chalicelib.origins.integrations import service as integrations
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read
from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin

BODY = b'{"username": "jim", "password": "s3cret", "registry_url": "https://example.com", "n": {"password": 1.5}}'
NO_CACHE = "private, no-cache, no-store"


def put(depot: Depot, origin: str, integration: str, name: str, body: bytes = BODY) -> int:
    reply = depot.put(f"/depot/origins/{origin}/integrations/{integration}/{name}", by="bobo", body=body)
    assert reply.body == b""
    return reply.status


def test_a_body_is_shown_without_its_top_level_password(depot: Depot) -> None:
    origin = an_origin(depot)
    assert put(depot, origin, "docker", "main") == 201

    reply = depot.get(f"/depot/origins/{origin}/integrations/docker/main", by="bobo")

    assert reply.status == 200
    assert reply.text == (
        f'{{"origin":"{origin}","integration":"docker","name":"main",'
        '"body":{"username":"jim","registry_url":"https://example.com","n":{"password":1.5}}}'
    )
    assert reply.headers["Cache-Control"] == NO_CACHE


def test_a_body_is_stored_as_sent_in_a_box_of_the_builder_key(depot: Depot) -> None:
    origin = an_origin(depot)
    put(depot, origin, "docker", "main")

    row = read(integration_rows.body_key(origin, "docker", "main"))

    assert row is not None
    assert "s3cret" not in json.dumps(row.to_simple_dict())
    assert key_ring().open(row.box) == integrations.PURPOSE + BODY


@pytest.mark.parametrize(
    ("integration", "name"), [("do%0Acker", "main"), ("docker", "ma%1Bin"), ("docker", "%E2%80%AE")]
)
def test_types_and_names_with_control_characters_are_422(depot: Depot, integration: str, name: str) -> None:
    origin = an_origin(depot)

    reply = depot.put(f"/depot/origins/{origin}/integrations/{integration}/{name}", by="bobo", body=BODY)

    assert (reply.status, reply.text) == (
        422,
        "An integration's type and name must not be `.` or `..` or have invisible characters",
    )


def test_names_are_listed_by_type_oldest_first(depot: Depot) -> None:
    origin = an_origin(depot)
    for integration, name in (("docker", "main"), ("amazon", "x"), ("docker", "backup"), ("docker%2Fmain", "a%2Fb")):
        assert put(depot, origin, integration, name) == 201

    reply = depot.get(f"/depot/origins/{origin}/integrations", by="bobo")

    assert reply.text == '{"docker":["main","backup"],"amazon":["x"],"docker/main":["a/b"]}'
    assert reply.headers["Cache-Control"] == NO_CACHE
    for integration, names in (
        ("docker", '{"names":["main","backup"]}'),
        ("docker%2Fmain", '{"names":["a/b"]}'),
        ("azure", '{"names":[]}'),
        ("dock", '{"names":[]}'),
    ):
        reply = depot.get(f"/depot/origins/{origin}/integrations/{integration}/names", by="bobo")
        assert (reply.status, reply.text) == (200, names)
        assert reply.headers["Cache-Control"] == NO_CACHE


def test_without_integrations_the_list_is_an_empty_object(depot: Depot) -> None:
    assert depot.get(f"/depot/origins/{an_origin(depot)}/integrations", by="bobo").text == "{}"


def test_a_second_put_is_409_and_changes_nothing(depot: Depot) -> None:
    origin = an_origin(depot)
    put(depot, origin, "docker", "main")

    assert put(depot, origin, "docker", "main", b'{"username":"other"}') == 409

    shown = depot.get(f"/depot/origins/{origin}/integrations/docker/main", by="bobo").json()
    assert shown["body"]["username"] == "jim"


@pytest.mark.parametrize(
    "body", [b"", b"not JSON", b"[1]", b'"text"', b"\xff\xfe", b'{"a":"\xff"}', b'{"a":NaN}', b"[" * 100_000]
)
def test_a_body_is_not_validated_before_it_is_shown(depot: Depot, body: bytes) -> None:
    origin = an_origin(depot)

    assert put(depot, origin, "docker", "main", body) == 201

    reply = depot.get(f"/depot/origins/{origin}/integrations/docker/main", by="bobo")
    assert (reply.status, reply.body) == (500, b"")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e400", "2E+308", "1" + "0" * 400 + ".5"])
@pytest.mark.parametrize("body", ['{"a":%s}', '{"a":{"b":[1,{"c":%s}]}}', "[%s]", "%s"])
def test_a_number_that_readers_turn_into_infinity_is_400(depot: Depot, body: str, number: str) -> None:
    origin = an_origin(depot)

    reply = depot.put(f"/depot/origins/{origin}/integrations/docker/main", by="bobo", body=(body % number).encode())

    assert (reply.status, reply.text) == (400, "A number in the body is out of range")
    assert depot.get(f"/depot/origins/{origin}/integrations", by="bobo").text == "{}"


def test_large_and_small_numbers_are_shown_as_stored(depot: Depot) -> None:
    origin = an_origin(depot)
    assert put(depot, origin, "docker", "main", b'{"a":1e308,"b":-5e-324,"c":123456789012345678901234567890}') == 201

    reply = depot.get(f"/depot/origins/{origin}/integrations/docker/main", by="bobo")

    assert '"body":{"a":1e308,"b":-5e-324,"c":123456789012345678901234567890}' in reply.text


def test_a_body_may_have_256_kib_and_any_content_type(depot: Depot) -> None:
    origin = an_origin(depot)
    path = f"/depot/origins/{origin}/integrations/docker"
    body = b'{"x":"%s"}' % (b"x" * (262_144 - 8))

    for name, content_type in (("a", "application/json"), ("b", "text/plain;charset=UTF-8"), ("c", "x/y")):
        reply = depot.put(f"{path}/{name}", by="bobo", body=body, headers={"Content-Type": content_type})
        assert reply.status == 201
    assert depot.put(f"{path}/d", by="bobo", body=body + b" ").status == 413
    assert len(depot.get(f"{path}/a", by="bobo").json()["body"]["x"]) == 262_136


def test_a_deleted_integration_is_404_and_deletion_is_idempotent(depot: Depot) -> None:
    origin = an_origin(depot)
    put(depot, origin, "docker", "main")

    for path in ("docker/main", "docker/main", "no-such/name", f"docker/{'x' * 3000}"):
        reply = depot.delete(f"/depot/origins/{origin}/integrations/{path}", by="bobo")
        assert (reply.status, reply.body) == (204, b"")

    reply = depot.get(f"/depot/origins/{origin}/integrations/docker/main", by="bobo")
    assert (reply.status, reply.body) == (404, b"")
    assert depot.get(f"/depot/origins/{origin}/integrations", by="bobo").text == "{}"
    assert put(depot, origin, "docker", "main") == 201
    depot.delete(f"/depot/origins/{origin}/integrations/docker/main", by="bobo")
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204


def test_an_integration_named_names_is_stored_listed_and_deleted(depot: Depot) -> None:
    path = f"/depot/origins/{an_origin(depot)}/integrations"

    reply = depot.put(f"{path}/docker/names", by="bobo", body=BODY)

    assert (reply.status, reply.body) == (201, b"")
    assert depot.put(f"{path}/docker/names", by="hank", body=BODY).status == 403
    assert depot.get(f"{path}/docker/names", by="bobo").text == '{"names":["names"]}'
    assert depot.delete(f"{path}/docker/names", by="hank").status == 403
    reply = depot.delete(f"{path}/docker/names", by="bobo")
    assert (reply.status, reply.body) == (204, b"")
    assert depot.get(path, by="bobo").text == "{}"


def test_an_unknown_integration_is_404(depot: Depot) -> None:
    reply = depot.get(f"/depot/origins/{an_origin(depot)}/integrations/docker/main", by="bobo")

    assert (reply.status, reply.body) == (404, b"")


def test_readonly_members_read_and_maintainers_write(depot: Depot) -> None:
    origin = an_origin(depot)
    put(depot, origin, "docker", "main")
    a_member(depot, origin, "mystique", "readonly_member")
    a_member(depot, origin, "wesker", "member")
    a_member(depot, origin, "lkennedy", "maintainer")
    path = f"/depot/origins/{origin}/integrations"

    for suffix in ("", "/docker/names", "/docker/main"):
        for user, status in (("mystique", 200), ("hank", 403), (None, 401)):
            assert depot.get(path + suffix, by=user).status == status
        assert depot.get(f"/depot/origins/{a_name('origin')}/integrations{suffix}", by="bobo").status == 403
    for user, put_status, delete_status in (
        (None, 401, 401),
        ("hank", 403, 403),
        ("mystique", 403, 403),
        ("wesker", 403, 403),
        ("lkennedy", 201, 204),
    ):
        reply = depot.put(f"{path}/docker/other", by=user, body=b"{}")
        assert (reply.status, reply.body) == (put_status, b"")
        reply = depot.delete(f"{path}/docker/other", by=user)
        assert (reply.status, reply.body) == (delete_status, b"")
