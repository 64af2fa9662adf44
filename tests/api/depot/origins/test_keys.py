"""GET and POST /depot/origins/{origin}/keys/** (accounts.md 7, 8.5)."""

from datetime import UTC, datetime, timedelta

import pytest
from nacl.signing import SigningKey, VerifyKey

from chalicelib.core.key_file import KeyFile, KeyKind
from tests.api.client import Depot, Reply
from tests.builders.keys import ClientKeys, a_signing_pair, client_keys
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin, the_origin

NO_CACHE = "private, no-cache, no-store"


def test_a_public_key_comes_back_byte_for_byte(depot: Depot) -> None:
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
    assert reply.headers["Cache-Control"] == NO_CACHE
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Content-Length"] == str(len(text))


@pytest.mark.parametrize("made", client_keys(), ids=lambda made: made.public_file)
def test_keys_made_by_the_client_survive_the_round_trip(depot: Depot, made: ClientKeys) -> None:
    origin = the_origin(depot, made.name)

    for path, half in (("keys", made.public), ("secret_keys", made.secret)):
        assert depot.post(f"/depot/origins/{origin}/{path}/{made.revision}", by="bobo", body=half).status == 201

    assert_key_file(depot.get(f"/depot/origins/{origin}/keys/{made.revision}"), made.public, made.public_file)
    reply = depot.get(f"/depot/origins/{origin}/secret_keys/latest", by="bobo")
    assert_key_file(reply, made.secret, made.secret_file)
    assert depot.get(f"/depot/origins/{origin}").json()["private_key_name"] == f"{origin}-{made.revision}"


def test_what_is_stored_is_the_canonical_text(depot: Depot) -> None:
    origin = an_origin(depot)
    lines = a_signing_pair(origin, "20240805120128")[0].text.split("\n")
    sent = f"{lines[0]}\r\n{lines[1]}\r\nwhatever\r\n  {lines[3]} \r\nmore"

    assert depot.post(f"/depot/origins/{origin}/keys/20240805120128", by="bobo", body=sent.encode()).status == 201

    assert depot.get(f"/depot/origins/{origin}/keys/latest").text == "\n".join(lines)


@pytest.mark.parametrize("content_type", [None, "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"])
def test_keys_come_under_any_content_type(depot: Depot, content_type: str | None) -> None:
    origin = an_origin(depot)
    public, secret = a_signing_pair(origin)
    headers = {} if content_type is None else {"Content-Type": content_type}

    for path, half in (("keys", public), ("secret_keys", secret)):
        reply = depot.post(
            f"/depot/origins/{origin}/{path}/20240101000000", by="bobo", body=half.text.encode(), headers=headers
        )
        assert reply.status == 201


def test_the_list_has_the_newest_first(depot: Depot) -> None:
    origin = an_origin(depot)
    for revision in ("20240101000000", "20250101000000", "20230101000000"):
        upload(depot, origin, revision)

    reply = depot.get(f"/depot/origins/{origin}/keys")

    assert reply.json() == [
        {"origin": origin, "revision": revision, "location": f"/origins/{origin}/keys/{revision}"}
        for revision in ("20250101000000", "20240101000000", "20230101000000")
    ]
    assert reply.headers["Cache-Control"] == NO_CACHE
    assert depot.get(f"/depot/origins/{origin}/keys/latest").headers["X-Filename"] == f"{origin}-20250101000000.pub"


def upload(depot: Depot, origin: str, revision: str) -> KeyFile:
    public = a_signing_pair(origin, revision)[0]
    assert depot.post(f"/depot/origins/{origin}/keys/{revision}", by="bobo", body=public.text.encode()).status == 201
    return public


def test_an_unknown_origin_has_no_keys(depot: Depot) -> None:
    assert depot.get("/depot/origins/nowhere/keys").text == "[]"
    for path in ("latest", "20240101000000"):
        reply = depot.get(f"/depot/origins/nowhere/keys/{path}")
        assert (reply.status, reply.body) == (404, b"")


def test_an_unknown_revision_is_404(depot: Depot) -> None:
    origin = an_origin(depot)

    for path in ("latest", "20240101000000", "%7B%24", "x" * 1200):
        assert depot.get(f"/depot/origins/{origin}/keys/{path}").status == 404


def test_a_revision_that_is_there_is_409_whatever_the_body_from_member_on(depot: Depot) -> None:
    origin = an_origin(depot)
    upload(depot, origin, "20240101000000")
    a_member(depot, origin, "mystique", "member")
    a_member(depot, origin, "wesker", "readonly_member")

    for user, status in (("bobo", 409), ("mystique", 409), ("wesker", 403), ("lkennedy", 403), (None, 401)):
        reply = depot.post(f"/depot/origins/{origin}/keys/20240101000000", by=user, body=b"no key")
        assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize("role", ["member", "maintainer"])
def test_a_new_revision_by_less_than_an_administrator_is_403_with_a_text(depot: Depot, role: str) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", role)

    reply = depot.post(f"/depot/origins/{origin}/keys/20240101000000", by="mystique", body=b"no key")

    assert reply.status == 403
    assert reply.text == (
        f"You do not have permissions to upload a new origin signing public key: {origin}-20240101000000"
    )


def test_an_administrator_uploads(depot: Depot) -> None:
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
        b"no key",
        b"\xff\xfe",
        a_signing_pair("acme")[1].text.encode(),
        a_signing_pair("somebody-else")[0].text.encode(),
        a_signing_pair("acme")[0].text[:-1].encode(),
    ],
    ids=["nothing", "no key", "not UTF-8", "a secret key", "another origin's key", "a key cut off"],
)
def test_a_body_that_is_no_public_key_of_the_origin_is_422(depot: Depot, body: bytes) -> None:
    origin = an_origin(depot)
    body = body.replace(b"acme", origin.encode())

    reply = depot.post(f"/depot/origins/{origin}/keys/20240101000000", by="bobo", body=body)

    assert (reply.status, reply.text) == (422, "Invalid origin public key")


def test_the_revision_of_the_body_counts_not_that_of_the_path(depot: Depot) -> None:
    origin = an_origin(depot)
    public = a_signing_pair(origin, "20240101000000")[0].text.encode()

    reply = depot.post(f"/depot/origins/{origin}/keys/latest", by="bobo", body=public)

    assert (reply.status, reply.text) == (201, f"/origins/{origin}/keys/20240101000000")
    assert reply.headers["Location"] == f"/v1/depot/origins/{origin}/keys/latest"
    again = depot.post(f"/depot/origins/{origin}/keys/20240101000001", by="bobo", body=public)
    assert (again.status, again.body) == (409, b"")


def test_a_body_over_256_kibibytes_is_413(depot: Depot) -> None:
    origin = an_origin(depot)

    for path in ("keys/1", "secret_keys/1"):
        assert depot.post(f"/depot/origins/{origin}/{path}", by="bobo", body=b"x" * 262_145).status == 413


def test_generated_keys_sign_and_verify_as_the_client_does_it(depot: Depot) -> None:
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
    assert [each["revision"] for each in depot.get(f"/depot/origins/{origin}/keys").json()] == newest


def test_generation_passes_over_a_second_that_another_origin_took_for_its_secret_key(depot: Depot) -> None:
    origin, other = an_origin(depot), an_origin(depot)
    upload(depot, origin, "29990101000000")
    squatted = a_signing_pair(origin, "29990101000001")[1].text.encode()
    assert depot.post(f"/depot/origins/{other}/secret_keys/x", by="bobo", body=squatted).status == 201

    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201

    assert depot.get(f"/depot/origins/{origin}/keys/latest").headers["X-Filename"] == f"{origin}-29990101000002.pub"


def test_after_the_last_revision_there_is_none(depot: Depot) -> None:
    origin = an_origin(depot)
    upload(depot, origin, "99999999999998")

    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201
    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 409


def test_who_may_generate(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "maintainer")
    a_member(depot, origin, "wesker", "administrator")

    for user, status in ((None, 401), ("lkennedy", 403), ("mystique", 403), ("wesker", 201)):
        reply = depot.post(f"/depot/origins/{origin}/keys", by=user)
        assert (reply.status, reply.body) == (status, b"")
    assert depot.post(f"/depot/origins/{a_name('origin')}/keys", by="bobo").status == 403
