"""Key files and key generation (accounts.md 7.1-7.3)."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from nacl.public import PrivateKey
from nacl.signing import SigningKey, VerifyKey

from chalicelib.core.keys.key_file import (
    KeyFile,
    KeyFileMalformed,
    KeyKind,
    generate_encryption_pair,
    generate_signing_pair,
)
from chalicelib.core.keys.named_revision import NamedRevision, NamedRevisionMalformed
from chalicelib.core.strict_base64 import encoded
from tests.builders.keys import ClientKeys, a_signing_pair, an_encryption_pair, client_keys

ZEROS = encoded(bytes(32))
KINDS = st.sampled_from(KeyKind)


@pytest.mark.parametrize(
    ("kind", "version", "raw_length", "file_name"),
    [
        (KeyKind.PUBLIC_SIGNING, "SIG-PUB-1", 32, "acme-20240805120128.pub"),
        (KeyKind.SECRET_SIGNING, "SIG-SEC-1", 64, "acme-20240805120128.sig.key"),
        (KeyKind.PUBLIC_ENCRYPTION, "BOX-PUB-1", 32, "acme-20240805120128.pub"),
        (KeyKind.SECRET_ENCRYPTION, "BOX-SEC-1", 32, "acme-20240805120128.box.key"),
    ],
)
def test_each_kind_has_its_version_line_length_and_file_name(
    kind: KeyKind, version: str, raw_length: int, file_name: str
) -> None:
    key = KeyFile(kind, NamedRevision("acme", "20240805120128"), bytes(raw_length))

    assert key.text == f"{version}\nacme-20240805120128\n\n{encoded(bytes(raw_length))}"
    assert key.file_name == file_name
    with pytest.raises(KeyFileMalformed):
        replace(key, raw=bytes(raw_length - 1))
    with pytest.raises(KeyFileMalformed):
        replace(key, raw=bytes(raw_length + 1))


@pytest.mark.parametrize("made", client_keys(), ids=lambda made: made.public_file)
def test_key_files_of_the_client_are_restored_byte_for_byte(made: ClientKeys) -> None:
    for kind, content, file_name in (
        (KeyKind.PUBLIC_SIGNING, made.public, made.public_file),
        (KeyKind.SECRET_SIGNING, made.secret, made.secret_file),
    ):
        key = KeyFile.parse(content.decode(), kind)
        assert key.text.encode() == content
        assert key.file_name == file_name


@given(KINDS, st.from_regex(r"[a-z0-9][a-z0-9_-]*", fullmatch=True), st.binary(min_size=64, max_size=64))
def test_every_key_is_restored(kind: KeyKind, name: str, entropy: bytes) -> None:
    key = KeyFile(kind, NamedRevision(name, "20240805120128"), entropy[: kind.raw_length])
    assert KeyFile.parse(key.text, kind) == key
    assert KeyFile.parse(key.text.replace("\n", "\r\n") + "\r\n", kind) == key


@pytest.mark.parametrize(
    "text",
    [
        f"SIG-PUB-1\nacme-20240805120128\n\n{ZEROS}",
        f"SIG-PUB-1\r\nacme-20240805120128\r\n\r\n{ZEROS}\r\n",
        f"SIG-PUB-1\nacme-20240805120128\nany text\n{ZEROS}",
        f"SIG-PUB-1\nacme-20240805120128\n\n  {ZEROS}\t",
        f"SIG-PUB-1\nacme-20240805120128\n\n{ZEROS}\nmore\nlines\n",
    ],
)
def test_other_spellings_of_a_key_have_one_canonical_text(text: str) -> None:
    key = KeyFile.parse(text, KeyKind.PUBLIC_SIGNING)
    assert key.text == f"SIG-PUB-1\nacme-20240805120128\n\n{ZEROS}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"SIG-SEC-1\nacme-20240805120128\n\n{ZEROS}",
        f"SIG-PUB-1 \nacme-20240805120128\n\n{ZEROS}",
        f" SIG-PUB-1\nacme-20240805120128\n\n{ZEROS}",
        f"\nSIG-PUB-1\nacme-20240805120128\n\n{ZEROS}",
        f"SIG-PUB-1\nacme-20240805120128 \n\n{ZEROS}",
        f"SIG-PUB-1\nacme\n\n{ZEROS}",
        f"SIG-PUB-1\n\n\n{ZEROS}",
        f"SIG-PUB-1\nacme-20240805120128\n{ZEROS}",
        "SIG-PUB-1\nacme-20240805120128\n\n",
        "SIG-PUB-1\nacme-20240805120128\n",
        "SIG-PUB-1\nacme-20240805120128",
        f"SIG-PUB-1\nacme-20240805120128\n\n{ZEROS.rstrip('=')}",
        f"SIG-PUB-1\nacme-20240805120128\n\n{ZEROS[:20]} {ZEROS[20:]}",
        f"SIG-PUB-1\nacme-20240805120128\n\n{ZEROS[:-2]}B=",
        f"SIG-PUB-1\nacme-20240805120128\n\n{encoded(bytes(31))}",
        f"SIG-PUB-1\nacme-20240805120128\n\n{encoded(bytes(64))}",
        f"SIG-PUB-1\nacme-20240805120128\n\n{encoded(bytes([251] * 32)).replace('+', '-')}",
        f"SIG-PUB-1\u2028acme-20240805120128\u2028\u2028{ZEROS}",
    ],
)
def test_malformed_keys_are_refused(text: str) -> None:
    with pytest.raises(KeyFileMalformed):
        KeyFile.parse(text, KeyKind.PUBLIC_SIGNING)


@given(st.text() | st.text().map("SIG-PUB-1\nacme-20240805120128\n\n{}".format), KINDS)
def test_any_text_is_a_key_or_refused(text: str, kind: KeyKind) -> None:
    with suppress(KeyFileMalformed):
        KeyFile.parse(text, kind)


def test_the_error_does_not_quote_a_secret_key() -> None:
    _, secret = a_signing_pair()
    encoded_key = secret.text.split("\n")[3]
    for text in (encoded_key, f"SIG-SEC-1\n{encoded_key}\n\n{encoded_key}", secret.text[:-1]):
        with pytest.raises(KeyFileMalformed) as refusal:
            KeyFile.parse(text, KeyKind.SECRET_SIGNING)
        assert encoded_key[:20] not in str(refusal.value)
        assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
        assert refusal.value.reason == str(refusal.value)


def test_repr_and_str_do_not_show_the_key() -> None:
    for key in [*a_signing_pair(), *an_encryption_pair()]:
        for shown in (repr(key), str(key), f"{key}"):
            assert "acme" in shown
            assert repr(key.raw) not in shown
            assert key.raw.hex() not in shown
            assert encoded(key.raw) not in shown


def test_a_signing_pair_signs_and_verifies() -> None:
    public, secret = generate_signing_pair("acme", "20240805120128")

    assert public.named_revision == secret.named_revision == NamedRevision("acme", "20240805120128")
    assert secret.raw[32:] == public.raw
    signed = SigningKey(secret.raw[:32]).sign(b"artifact")
    assert VerifyKey(public.raw).verify(signed) == b"artifact"


def test_an_encryption_pair_has_one_name_and_matching_keys() -> None:
    public, secret = generate_encryption_pair("acme", "20240805120128")

    assert public.named_revision == secret.named_revision == NamedRevision("acme", "20240805120128")
    assert bytes(PrivateKey(secret.raw).public_key) == public.raw


@pytest.mark.parametrize("generate", [generate_signing_pair, generate_encryption_pair])
def test_pairs_are_random_and_need_a_valid_name(generate: Callable[[str, str], tuple[KeyFile, KeyFile]]) -> None:
    assert generate("acme", "20240805120128") != generate("acme", "20240805120128")
    with pytest.raises(NamedRevisionMalformed):
        generate("acme", "latest")
