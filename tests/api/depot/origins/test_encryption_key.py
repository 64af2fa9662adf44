"""GET /depot/origins/{origin}/encryption_key (accounts.md 7.3, 8.5)."""

from chalicelib.core.key_file import KeyFile, KeyKind
from tests.api.client import Depot
from tests.builders.keys import a_signing_pair
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


def test_the_first_request_makes_the_key_and_later_ones_give_the_same(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "readonly_member")

    first = depot.get(f"/depot/origins/{origin}/encryption_key", by="mystique")

    assert first.status == 200
    key = KeyFile.parse(first.text, KeyKind.PUBLIC_ENCRYPTION)
    assert key.named_revision.name == origin
    assert first.text == key.text
    assert first.headers["X-Filename"] == f"{key.named_revision}.pub"
    assert first.headers["Content-Disposition"] == f"attachment; filename*=ISO-8859-1''{key.named_revision}.pub"
    assert first.headers["Cache-Control"] == "private, no-cache, no-store"
    assert first.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").body == first.body


def test_its_revision_is_later_than_every_signing_key_and_no_later_signing_key_gets_it(depot: Depot) -> None:
    origin = an_origin(depot)
    uploaded, half = a_signing_pair(origin, "29990101000000")[0], a_signing_pair(origin, "29990101000005")[1]
    assert depot.post(f"/depot/origins/{origin}/keys/x", by="bobo", body=uploaded.text.encode()).status == 201
    assert depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=half.text.encode()).status == 201

    key = depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo")
    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201

    assert key.headers["X-Filename"] == f"{origin}-29990101000006.pub"
    assert depot.get(f"/depot/origins/{origin}/keys/latest").headers["X-Filename"] == f"{origin}-29990101000007.pub"


def test_a_pair_generated_just_before_is_older(depot: Depot) -> None:
    origin = an_origin(depot)
    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201

    encryption = depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").headers["X-Filename"]

    assert encryption > depot.get(f"/depot/origins/{origin}/keys/latest").headers["X-Filename"]


def test_only_members_may_have_it(depot: Depot) -> None:
    origin = an_origin(depot)

    for place, user, status in ((origin, None, 401), (origin, "mystique", 403), (a_name("origin"), "bobo", 403)):
        reply = depot.get(f"/depot/origins/{place}/encryption_key", by=user)
        assert (reply.status, reply.body) == (status, b"")
