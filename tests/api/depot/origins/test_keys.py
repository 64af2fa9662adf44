"""GET and POST /depot/origins/{origin}/keys/** (accounts.md 7, 8.5)."""

from datetime import UTC, datetime, timedelta

import pytest
from nacl.signing import SigningKey, VerifyKey

from chalicelib.core.keys.key_file import KeyFile, KeyKind
from tests.api.client import Depot, Reply
from tests.builders.keys import ClientKeys, a_signing_pair, client_keys
from tests.builders.lifetimes import NO_CACHE, SHARED
from tests.builders.members import a_member, refused_callers
from tests.builders.origins import an_origin, the_origin


def test_a_public_key_is_returned_byte_for_byte(depot: Depot) -> None:
    origin = an_origin(depot)
    text = a_signing_pair(origin, "20240805120128")[0].text.encode()

    reply = depot.post(f"/depot/origins/{origin}/keys/20240805120128", by="bobo", body=text)

    assert reply.status == 201
    assert reply.headers["Location"] == f"/v1/depot/origins/{origin}/keys/20240805120128"
    assert reply.text == f"/origins/{origin}/keys/20240805120128"
    for path in ("latest", "20240805120128"):
        assert_key_file(depot.get(f"/depot/origins/{origin}/keys/{path}"), text, f"{origin}-20240805120128.pub")


def assert_key_file(reply: Reply, text: bytes, file_name: str) -> None:
    assert (reply.status, reply.body) == (200, text)
    assert reply.headers["X-Filename"] == file_name
    assert reply.headers["Content-Disposition"] == f"attachment; filename*=ISO-8859-1''{file_name}"
    assert reply.headers["Cache-Control"] in (NO_CACHE, SHARED, "public, max-age=86400")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Content-Length"] == str(len(text))


@pytest.mark.parametrize("pair", client_keys(), ids=lambda pair: pair.public_file)
def test_keys_in_the_format_of_hab_are_returned_byte_for_byte(depot: Depot, pair: ClientKeys) -> None:
    origin = the_origin(depot, pair.name)

    for path, half in (("keys", pair.public), ("secret_keys", pair.secret)):
        assert depot.post(f"/depot/origins/{origin}/{path}/{pair.revision}", by="bobo", body=half).status == 201

    assert_key_file(depot.get(f"/depot/origins/{origin}/keys/{pair.revision}"), pair.public, pair.public_file)
    reply = depot.get(f"/depot/origins/{origin}/secret_keys/latest", by="bobo")
    assert_key_file(reply, pair.secret, pair.secret_file)
    assert depot.get(f"/depot/origins/{origin}").json()["private_key_name"] == f"{origin}-{pair.revision}"


def test_the_canonical_text_is_stored(depot: Depot) -> None:
    origin = an_origin(depot)
    lines = a_signing_pair(origin, "20240805120128")[0].text.split("\n")
    uploaded = f"{lines[0]}\r\n{lines[1]}\r\nwhatever\r\n  {lines[3]} \r\nmore"

    assert depot.post(f"/depot/origins/{origin}/keys/20240805120128", by="bobo", body=uploaded.encode()).status == 201

    assert depot.get(f"/depot/origins/{origin}/keys/latest").text == "\n".join(lines)


@pytest.mark.parametrize("content_type", [None, "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"])
def test_keys_are_accepted_with_any_content_type(depot: Depot, content_type: str | None) -> None:
    origin = an_origin(depot)
    public, secret = a_signing_pair(origin)
    headers = {} if content_type is None else {"Content-Type": content_type}

    for path, half in (("keys", public), ("secret_keys", secret)):
        reply = depot.post(
            f"/depot/origins/{origin}/{path}/20240101000000", by="bobo", body=half.text.encode(), headers=headers
        )
        assert reply.status == 201


def test_keys_are_listed_newest_first(depot: Depot) -> None:
    origin = an_origin(depot)
    for revision in ("20240101000000", "20250101000000", "20230101000000"):
        upload(depot, origin, revision)

    reply = depot.get(f"/depot/origins/{origin}/keys")

    assert reply.json() == [
        {"origin": origin, "revision": revision, "location": f"/origins/{origin}/keys/{revision}"}
        for revision in ("20250101000000", "20240101000000", "20230101000000")
    ]
    assert reply.headers["Cache-Control"] == SHARED
    assert depot.get(f"/depot/origins/{origin}/keys/latest").headers["X-Filename"] == f"{origin}-20250101000000.pub"


def upload(depot: Depot, origin: str, revision: str) -> KeyFile:
    public = a_signing_pair(origin, revision)[0]
    assert depot.post(f"/depot/origins/{origin}/keys/{revision}", by="bobo", body=public.text.encode()).status == 201
    return public


def test_an_unknown_origin_has_no_keys(depot: Depot) -> None:
    assert depot.get("/depot/origins/no-such-origin/keys").text == "[]"
    for path in ("latest", "20240101000000"):
        reply = depot.get(f"/depot/origins/no-such-origin/keys/{path}")
        assert (reply.status, reply.body) == (404, b"")


def test_an_unknown_revision_is_404(depot: Depot) -> None:
    origin = an_origin(depot)

    for path in ("latest", "20240101000000", "%7B%24", "x" * 1200):
        assert depot.get(f"/depot/origins/{origin}/keys/{path}").status == 404


def test_an_existing_revision_is_409_for_members_whatever_the_body(depot: Depot) -> None:
    origin = an_origin(depot)
    upload(depot, origin, "20240101000000")
    a_member(depot, origin, "mystique", "member")
    a_member(depot, origin, "wesker", "readonly_member")

    for user, status in (("bobo", 409), ("mystique", 409), ("wesker", 403), ("lkennedy", 403), (None, 401)):
        reply = depot.post(f"/depot/origins/{origin}/keys/20240101000000", by=user, body=b"not a key")
        assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize("role", ["member", "maintainer"])
def test_a_new_revision_is_403_with_a_text_below_administrator(depot: Depot, role: str) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", role)

    reply = depot.post(f"/depot/origins/{origin}/keys/20240101000000", by="mystique", body=b"not a key")

    assert reply.status == 403
    assert reply.text == (
        f"You do not have permissions to upload a new origin signing public key: {origin}-20240101000000"
    )


def test_an_administrator_can_upload_keys(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "administrator")
    public, secret = a_signing_pair(origin)

    for path, half in (("keys", public), ("secret_keys", secret)):
        reply = depot.post(f"/depot/origins/{origin}/{path}/x", by="mystique", body=half.text.encode())
        assert reply.status == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a key",
        b"\xff\xfe",
        a_signing_pair("acme")[1].text.encode(),
        a_signing_pair("other-origin")[0].text.encode(),
        a_signing_pair("acme")[0].text[:-1].encode(),
    ],
    ids=["empty", "not a key", "not UTF-8", "a secret key", "a key of another origin", "a truncated key"],
)
def test_a_body_that_is_not_a_public_key_of_the_origin_is_422(depot: Depot, body: bytes) -> None:
    origin = an_origin(depot)
    body = body.replace(b"acme", origin.encode())

    reply = depot.post(f"/depot/origins/{origin}/keys/20240101000000", by="bobo", body=body)

    assert (reply.status, reply.text) == (422, "Invalid origin public key")


def test_a_key_is_stored_under_the_revision_in_its_text(depot: Depot) -> None:
    origin = an_origin(depot)
    public = a_signing_pair(origin, "20240101000000")[0].text.encode()

    reply = depot.post(f"/depot/origins/{origin}/keys/latest", by="bobo", body=public)

    assert (reply.status, reply.text) == (201, f"/origins/{origin}/keys/20240101000000")
    assert reply.headers["Location"] == f"/v1/depot/origins/{origin}/keys/latest"
    again = depot.post(f"/depot/origins/{origin}/keys/20240101000001", by="bobo", body=public)
    assert (again.status, again.body) == (409, b"")


def test_a_body_over_256_kib_is_413(depot: Depot) -> None:
    origin = an_origin(depot)

    for path in ("keys/1", "secret_keys/1"):
        assert depot.post(f"/depot/origins/{origin}/{path}", by="bobo", body=b"x" * 262_145).status == 413


def test_a_generated_pair_signs_and_verifies(depot: Depot) -> None:
    origin = an_origin(depot)

    reply = depot.post(f"/depot/origins/{origin}/keys", by="bobo", body=b"ignored")

    assert (reply.status, reply.body) == (201, b"")
    public = parsed(depot.get(f"/depot/origins/{origin}/keys/latest"), KeyKind.PUBLIC_SIGNING)
    secret = parsed(depot.get(f"/depot/origins/{origin}/secret_keys/latest", by="bobo"), KeyKind.SECRET_SIGNING)
    assert public.named_revision == secret.named_revision
    assert public.named_revision.name == origin
    signed = SigningKey(secret.raw[:32]).sign(b"0123abcd")
    assert VerifyKey(public.raw).verify(signed) == b"0123abcd"
    assert secret.raw[32:] == public.raw


def parsed(reply: Reply, kind: KeyKind) -> KeyFile:
    assert reply.status == 200
    key = KeyFile.parse(reply.text, kind)
    assert reply.text == key.text
    assert reply.headers["X-Filename"] == key.file_name
    return key


def test_each_generated_key_is_the_newest_even_within_one_second(depot: Depot) -> None:
    origin = an_origin(depot)
    future = (datetime.now(UTC) + timedelta(days=365)).strftime("%Y%m%d%H%M%S")
    upload(depot, origin, future)
    newest = [future]

    for _ in range(3):
        assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201
        newest.insert(
            0, parsed(depot.get(f"/depot/origins/{origin}/keys/latest"), KeyKind.PUBLIC_SIGNING).named_revision.revision
        )

    assert newest == sorted(set(newest), reverse=True)
    assert [key["revision"] for key in depot.get(f"/depot/origins/{origin}/keys").json()] == newest


@pytest.mark.parametrize("path", ["keys", "secret_keys"])
def test_an_account_cannot_occupy_the_names_of_the_next_keys_of_another_origin(depot: Depot, path: str) -> None:
    origin, stranger = an_origin(depot), an_origin(depot, owner="wesker")
    half = ["keys", "secret_keys"].index(path)
    now = datetime.now(UTC)
    for seconds in range(90):
        revision = (now + timedelta(seconds=seconds)).strftime("%Y%m%d%H%M%S")
        key = a_signing_pair(origin, revision)[half].text.encode()
        assert depot.post(f"/depot/origins/{stranger}/{path}/{revision}", by="wesker", body=key).status == 422
        assert depot.post(f"/depot/origins/{origin}/{path}/{revision}", by="wesker", body=key).status == 403

    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201

    newest = parsed(depot.get(f"/depot/origins/{origin}/keys/latest"), KeyKind.PUBLIC_SIGNING).named_revision
    assert newest.revision < (now + timedelta(seconds=60)).strftime("%Y%m%d%H%M%S")


def test_generation_is_409_after_the_last_revision(depot: Depot) -> None:
    origin = an_origin(depot)
    upload(depot, origin, "99999999999998")

    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201
    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 409


def test_administrators_can_generate_keys(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "lkennedy", "administrator")

    assert depot.post(f"/depot/origins/{origin}/keys", by="lkennedy").status == 201
    for name, user, status in refused_callers(depot, origin, "maintainer"):
        reply = depot.post(f"/depot/origins/{name}/keys", by=user)
        assert (reply.status, reply.body) == (status, b"")
