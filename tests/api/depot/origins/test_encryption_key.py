"""GET /depot/origins/{origin}/encryption_key (accounts.md 7.3, 8.5)."""

from chalicelib.core.keys.key_file import KeyFile, KeyKind
from tests.api.client import Depot
from tests.builders.keys import a_signing_pair
from tests.builders.members import a_member, refused_callers
from tests.builders.origins import an_origin
from tests.builders.rows import partition_rows


def test_the_first_request_generates_the_key_and_later_ones_return_it(depot: Depot) -> None:
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


def test_its_revision_follows_earlier_signing_keys_and_precedes_later_ones(depot: Depot) -> None:
    origin = an_origin(depot)
    public, secret = a_signing_pair(origin, "29990101000000")[0], a_signing_pair(origin, "29990101000005")[1]
    assert depot.post(f"/depot/origins/{origin}/keys/x", by="bobo", body=public.text.encode()).status == 201
    assert depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=secret.text.encode()).status == 201

    key = depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo")
    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201

    assert key.headers["X-Filename"] == f"{origin}-29990101000006.pub"
    assert depot.get(f"/depot/origins/{origin}/keys/latest").headers["X-Filename"] == f"{origin}-29990101000007.pub"


def test_it_is_newer_than_a_signing_key_generated_in_the_same_second(depot: Depot) -> None:
    origin = an_origin(depot)
    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201

    encryption = depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").headers["X-Filename"]

    assert encryption > depot.get(f"/depot/origins/{origin}/keys/latest").headers["X-Filename"]


def test_a_token_without_the_scope_admin_reads_the_key_and_does_not_generate_it(depot: Depot) -> None:
    origin = an_origin(depot)
    path = f"/depot/origins/{origin}/encryption_key"
    tokens = {
        scope: depot.post("/profile/tokens", by="bobo", json={"name": scope, "scopes": [scope]}).json()["token"]
        for scope in ("read", "upload", "promote", "admin")
    }

    for scope in ("read", "upload", "promote"):
        refused = depot.get(path, by=tokens[scope])
        assert (refused.status, "lacks the scope admin" in refused.text) == (403, True)
    assert not [row for row in partition_rows(f"ORIGIN#{origin}") if "encryption" in row.lower()]

    generated = depot.get(path, by=tokens["admin"])
    assert generated.status == 200
    assert {depot.get(path, by=token).body for token in tokens.values()} == {generated.body}


def test_only_members_can_download_it(depot: Depot) -> None:
    origin = an_origin(depot)

    for name, user, status in refused_callers(depot, origin):
        reply = depot.get(f"/depot/origins/{name}/encryption_key", by=user)
        assert (reply.status, reply.body) == (status, b"")
