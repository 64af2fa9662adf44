"""GET and POST /depot/origins/{origin}/secret_keys/** (accounts.md 8.5, platform.md 3.4)."""

import pytest

from chalicelib.origins.keys import rows as key_rows
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read
from tests.api.client import Depot
from tests.builders.keys import a_signing_pair
from tests.builders.members import a_member
from tests.builders.origins import an_origin

HAB = {"User-Agent": "hab/1.6.618 (x86_64-linux; 5.4)"}


def test_the_revision_in_the_path_is_not_used(depot: Depot) -> None:
    origin = an_origin(depot)

    for year, path in ((2021, "latest"), (2022, "20240101000000"), (2023, f"{origin}-20240101000000"), (2024, "%7B")):
        secret = a_signing_pair(origin, f"{year}0101000000")[1].text
        reply = depot.post(f"/depot/origins/{origin}/secret_keys/{path}", by="bobo", body=secret.encode())
        assert (reply.status, reply.body) == (201, b"")
        newest = depot.get(f"/depot/origins/{origin}/secret_keys/latest", by="bobo")
        assert newest.text == secret
        assert newest.headers["X-Filename"] == f"{origin}-{year}0101000000.sig.key"
        assert newest.headers["Cache-Control"] == "private, no-cache, no-store"


def test_the_newest_key_has_the_greatest_full_name(depot: Depot) -> None:
    origin = an_origin(depot)
    for revision in ("20240101000000", "20250101000000", "20200101000000"):
        secret = a_signing_pair(origin, revision)[1].text.encode()
        assert depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=secret).status == 201

    assert depot.get(f"/depot/origins/{origin}").json()["private_key_name"] == f"{origin}-20250101000000"
    newest = depot.get(f"/depot/origins/{origin}/secret_keys/latest", by="bobo")
    assert newest.headers["X-Filename"] == f"{origin}-20250101000000.sig.key"


def test_without_a_key_the_download_is_404_and_the_name_empty(depot: Depot) -> None:
    origin = an_origin(depot)

    reply = depot.get(f"/depot/origins/{origin}/secret_keys/latest", by="bobo")

    assert (reply.status, reply.body) == (404, b"")
    assert depot.get(f"/depot/origins/{origin}").json()["private_key_name"] == ""


def test_members_can_download_and_administrators_upload(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "maintainer")
    a_member(depot, origin, "wesker", "readonly_member")
    secret = a_signing_pair(origin)[1].text.encode()

    for user, status in ((None, 401), ("lkennedy", 403), ("wesker", 403), ("mystique", 403), ("bobo", 201)):
        reply = depot.post(f"/depot/origins/{origin}/secret_keys/x", by=user, body=secret)
        assert (reply.status, reply.body) == (status, b"")
    for user, status in ((None, 401), ("lkennedy", 403), ("wesker", 403), ("mystique", 200), ("bobo", 200)):
        assert depot.get(f"/depot/origins/{origin}/secret_keys/latest", by=user).status == status
    depot.put(f"/depot/origins/{origin}/users/mystique/role", by="bobo", query={"role": "member"})
    assert depot.get(f"/depot/origins/{origin}/secret_keys/latest", by="mystique").status == 200


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xff\xfe", "Cannot parse origin secret key"),
        (b"", "Invalid origin secret key"),
        (b"not a key", "Invalid origin secret key"),
        (a_signing_pair()[0].text.encode(), "Invalid origin secret key"),
        (a_signing_pair()[1].text[:-4].encode(), "Invalid origin secret key"),
    ],
    ids=["not UTF-8", "empty", "not a key", "a public key", "a truncated key"],
)
def test_a_body_that_is_not_a_secret_key_is_422(depot: Depot, body: bytes, text: str) -> None:
    origin = an_origin(depot)

    reply = depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=body)

    assert (reply.status, reply.text) == (422, text)


def test_a_full_name_that_any_origin_uses_is_409(depot: Depot) -> None:
    origin, other = an_origin(depot), an_origin(depot)
    first, second = a_signing_pair(origin)[1].text.encode(), a_signing_pair(origin)[1].text.encode()
    assert depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=first).status == 201

    for name, body in ((origin, first), (origin, second), (other, first)):
        reply = depot.post(f"/depot/origins/{name}/secret_keys/x", by="bobo", body=body)
        assert (reply.status, reply.body) == (409, b"")
    assert depot.get(f"/depot/origins/{other}").json()["private_key_name"] == ""


@pytest.mark.parametrize(
    "name", ["{other}", "{origin}-tools", "{origin}-20240101000000", "{origin}_", "no-such-origin-of-anybody"]
)
def test_a_key_with_another_name_than_its_origin_is_422(depot: Depot, name: str) -> None:
    origin, other = an_origin(depot), an_origin(depot)
    key = a_signing_pair(name.format(origin=origin, other=other))[1]

    reply = depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=key.text.encode())

    assert (reply.status, reply.text) == (422, "Invalid origin secret key")
    assert depot.get(f"/depot/origins/{origin}").json()["private_key_name"] == ""


def test_an_origin_whose_name_has_hyphens_has_keys_of_its_own(depot: Depot) -> None:
    origin = an_origin(depot)
    below = an_origin(depot, owner="wesker", name=f"{origin}-tools")
    key = a_signing_pair(below)[1]

    assert depot.post(f"/depot/origins/{below}/secret_keys/x", by="wesker", body=key.text.encode()).status == 201

    assert depot.get(f"/depot/origins/{below}").json()["private_key_name"] == str(key.named_revision)
    assert depot.get(f"/depot/origins/{origin}").json()["private_key_name"] == ""


def test_hab_gets_200_also_for_a_repeat_of_the_same_key(depot: Depot) -> None:
    origin, other = an_origin(depot), an_origin(depot)
    first, second = a_signing_pair(origin)[1].text.encode(), a_signing_pair(origin)[1].text.encode()
    path = f"/depot/origins/{origin}/secret_keys/x"

    for _ in range(2):
        reply = depot.post(path, by="bobo", body=first, headers=HAB)
        assert (reply.status, reply.body) == (200, b"")
    assert depot.post(path, by="bobo", body=second, headers=HAB).status == 409
    assert depot.post(f"/depot/origins/{other}/secret_keys/x", by="bobo", body=first, headers=HAB).status == 409


def test_a_supervisor_gets_201(depot: Depot) -> None:
    origin = an_origin(depot)
    secret = a_signing_pair(origin)[1].text.encode()

    reply = depot.post(
        f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=secret, headers={"User-Agent": "hab-sup/1.6.618"}
    )

    assert reply.status == 201


def test_a_secret_key_is_stored_in_a_box_of_the_builder_key(depot: Depot) -> None:
    origin = an_origin(depot)
    secret = a_signing_pair(origin, "20240101000000")[1]
    assert depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=secret.text.encode()).status == 201

    row = read(key_rows.secret_key(origin, f"{origin}-20240101000000"))

    assert row is not None
    assert row.box.startswith("BOX-1\nbldr-")
    assert key_ring().open(row.box) == secret.text.encode()
