"""Personal access tokens (accounts.md 3.2)."""

import base64
import hashlib
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.keys.signed_box import BoxUnreadable
from chalicelib.core.protobuf_wire import bytes_field, varint_field
from chalicelib.core.roles import SessionFlags
from chalicelib.core.tokens import access_token
from chalicelib.core.tokens.access_token import NEVER_EXPIRES, AccessTokenClaims, TokenUnreadable
from tests.builders.keys import a_key_ring, with_one_byte_changed

OLD, NEW = "20240101000000", "20250101000000"
RING = a_key_ring(OLD)
NONCE = bytes(range(24))
ACCOUNT = 1234567890123456789
CLAIMS = AccessTokenClaims(ACCOUNT, 0, 8210266876799)
VECTOR = (
    "_Qk9YLTEKYmxkci0yMDI0MDEwMTAwMDAwMApibGRyLTIwMjQwMTAxMDAwMDAwCkFBRUNBd1FGQmdjSUNRb0xEQTBPRHhBUkVoTVVGUllYCmlZd3lJ"
    "OVFaUGNYUXNRZFlpWkI3Y09QdGhQekNMVXowWnU0WGxwY3Y4RVBYbmVuQQ=="
)
MESSAGE = bytes.fromhex("089582a6efc79e849111100018ffd6a9d0f9ee01")
ANY_CLAIMS = st.builds(
    AccessTokenClaims,
    account_id=st.integers(min_value=0, max_value=2**64 - 1),
    flags=st.integers(min_value=0, max_value=2**32 - 1),
    expires=st.integers(min_value=-(2**63), max_value=2**63 - 1),
)


def a_token_of(message: bytes) -> str:
    """Return a token that seals these bytes."""
    return "_" + base64.b64encode(RING.seal(message, NONCE).encode()).decode()


def test_the_test_vector_of_the_contract() -> None:
    assert access_token.issue(CLAIMS, RING, NONCE) == VECTOR
    assert access_token.read(VECTOR, RING) == CLAIMS
    assert RING.open(base64.b64decode(VECTOR[1:]).decode()) == MESSAGE


@given(ANY_CLAIMS)
def test_claims_and_texts_of_tokens_are_restored(claims: AccessTokenClaims) -> None:
    token = access_token.issue(claims, RING)

    assert access_token.looks_like_access_token(token)
    assert access_token.read(token, RING) == claims
    again = access_token.rebuild(claims, access_token.nonce_of(token), access_token.key_revision_of(token), RING)
    assert again == token


def test_two_tokens_of_the_same_claims_differ() -> None:
    assert access_token.issue(CLAIMS, RING) != access_token.issue(CLAIMS, RING)


def test_a_token_is_read_and_rebuilt_after_the_builder_key_has_changed() -> None:
    rotated = a_key_ring(OLD, NEW)

    assert access_token.read(VECTOR, rotated) == CLAIMS
    assert access_token.nonce_of(VECTOR) == NONCE
    assert access_token.key_revision_of(VECTOR) == f"bldr-{OLD}"
    assert access_token.rebuild(CLAIMS, NONCE, f"bldr-{OLD}", rotated) == VECTOR
    assert access_token.key_revision_of(access_token.issue(CLAIMS, rotated)) == f"bldr-{NEW}"


def test_without_its_builder_key_a_token_is_neither_read_nor_rebuilt() -> None:
    without = a_key_ring(NEW)
    with pytest.raises(TokenUnreadable):
        access_token.read(VECTOR, without)
    with pytest.raises(BoxUnreadable):
        access_token.rebuild(CLAIMS, NONCE, f"bldr-{OLD}", without)


def test_unknown_flags_are_kept_in_the_claims_and_masked_in_the_session() -> None:
    token = access_token.issue(AccessTokenClaims(ACCOUNT, 0xFFFFFFFF), RING)
    assert access_token.read(token, RING).flags == 0xFFFFFFFF
    assert SessionFlags(access_token.read(token, RING).flags) == 7


def test_session_flags_are_stored_in_the_token() -> None:
    claims = AccessTokenClaims(ACCOUNT, SessionFlags.ADMIN | SessionFlags.BUILD_WORKER)
    assert access_token.read(access_token.issue(claims, RING), RING) == AccessTokenClaims(ACCOUNT, 5, NEVER_EXPIRES)


def test_every_changed_byte_is_refused() -> None:
    for changed in with_one_byte_changed(VECTOR):
        with pytest.raises(TokenUnreadable):
            access_token.read(changed, RING)


@given(st.integers(min_value=1, max_value=len(VECTOR.rstrip("=")) - 1), st.characters(codec="ascii"))
def test_every_changed_character_is_refused(at: int, character: str) -> None:
    changed = VECTOR[:at] + character + VECTOR[at + 1 :]
    if changed != VECTOR:
        with pytest.raises(TokenUnreadable):
            access_token.read(changed, RING)


@pytest.mark.parametrize("cut", range(len(VECTOR.rstrip("="))))
def test_every_shortened_token_is_refused(cut: int) -> None:
    with pytest.raises(TokenUnreadable):
        access_token.read(VECTOR[:cut], RING)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        MESSAGE[:-1],
        MESSAGE[:9],
        varint_field(1, ACCOUNT) + varint_field(2, 0),
        varint_field(2, 7) + varint_field(3, NEVER_EXPIRES),
        varint_field(1, ACCOUNT) + varint_field(3, NEVER_EXPIRES),
        bytes_field(1, b"1") + varint_field(2, 0) + varint_field(3, NEVER_EXPIRES),
        varint_field(1, ACCOUNT) + bytes_field(2, b"") + varint_field(3, NEVER_EXPIRES),
        varint_field(1, ACCOUNT) + varint_field(2, 2**32) + varint_field(3, NEVER_EXPIRES),
        MESSAGE + b"\x0b",
        b'{"username":"jim"}',
        b"SIG-SEC-1\nacme-20240805120128\n\n",
    ],
)
def test_a_sealed_value_that_is_not_an_access_token_is_refused(message: bytes) -> None:
    with pytest.raises(TokenUnreadable):
        access_token.read(a_token_of(message), RING)


@given(st.binary(max_size=40))
def test_any_sealed_value_is_read_or_refused(message: bytes) -> None:
    with suppress(TokenUnreadable):
        assert isinstance(access_token.read(a_token_of(message), RING), AccessTokenClaims)


def test_unknown_fields_are_ignored() -> None:
    message = varint_field(9, 1) + MESSAGE + bytes_field(10, b"later") + bytes.fromhex("590102030405060708")
    assert access_token.read(a_token_of(message), RING) == CLAIMS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "bobo",
        VECTOR[1:],
        "_" + VECTOR,
        " " + VECTOR,
        VECTOR + "\n",
        VECTOR + "A",
        VECTOR.replace("Q", "-", 1),
        "_" + base64.b64encode(b"\xff\xfe").decode(),
        "_" + base64.b64encode(b"BOX-1\n").decode(),
        "_" + base64.b64encode(base64.b64decode(VECTOR[1:]) + b"\n").decode(),
        "_é",
        "_\udc80",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    for read in (lambda: access_token.read(text, RING), lambda: access_token.nonce_of(text)):
        with pytest.raises(TokenUnreadable):
            read()


@given(st.text() | st.text().map("_{}".format) | st.binary().map(lambda raw: "_" + base64.b64encode(raw).decode()))
def test_any_text_is_refused(text: str) -> None:
    for read in (lambda: access_token.read(text, RING), lambda: access_token.key_revision_of(text)):
        with pytest.raises(TokenUnreadable):
            read()


@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_padding_may_be_trimmed(padding: str) -> None:
    presented = VECTOR.rstrip("=") + padding
    assert access_token.read(presented, RING) == CLAIMS
    assert access_token.fingerprint(presented) == access_token.fingerprint(VECTOR)


def test_a_fingerprint_is_the_sha_256_of_the_token_without_padding() -> None:
    assert access_token.fingerprint(VECTOR) == hashlib.sha256(VECTOR.rstrip("=").encode()).hexdigest()
    assert access_token.fingerprint(VECTOR) != access_token.fingerprint(access_token.issue(CLAIMS, RING))


@pytest.mark.parametrize(
    ("expires", "expired"),
    [
        (8210266876799, False),
        (8210298326400, False),
        (8210266876800, True),
        (8210298326399, True),
        (8210298326401, True),
        (2**63 - 1, True),
        (8210266876798, False),
        (253402300800, False),
        (1_700_000_001, False),
        (1_700_000_000, False),
        (1_699_999_999, True),
        (0, True),
        (-1, True),
        (-(2**63), True),
    ],
)
def test_expiry_compares_integers(expires: int, expired: bool) -> None:
    assert access_token.is_expired(AccessTokenClaims(ACCOUNT, 0, expires), now_seconds=1_700_000_000) is expired


def test_tokens_never_expire_by_default() -> None:
    assert AccessTokenClaims(ACCOUNT, 0).expires == NEVER_EXPIRES == 8210266876799


def test_importing_the_cores_does_not_load_the_crypto_library() -> None:
    keys = "keys.named_revision keys.key_file keys.signed_box keys.anonymous_box"
    modules = f"roles protobuf_wire tokens.access_token tokens.session_token {keys}"
    imports = "; ".join(f"import chalicelib.core.{module}" for module in modules.split())
    code = f"import sys; {imports}; sys.exit('nacl' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3])
    assert finished.returncode == 0
