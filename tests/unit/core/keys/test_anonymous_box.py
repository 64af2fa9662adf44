"""Anonymous boxes of origin secrets (accounts.md 7.6, 8.8)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PublicKey, SealedBox

from chalicelib.core.keys.anonymous_box import (
    AnonymousBox,
    AnonymousBoxMalformed,
    AnonymousBoxUnreadable,
    seal_anonymously,
)
from chalicelib.core.strict_base64 import encoded
from tests.builders.keys import a_sealed_value, a_signing_pair, an_encryption_pair, with_one_byte_changed

PUBLIC, SECRET = an_encryption_pair()
SEALED = encoded(SealedBox(PublicKey(PUBLIC.raw)).encrypt(b"hunter2"))


@given(st.text())
def test_every_value_is_restored(value: str) -> None:
    text = a_sealed_value(value, PUBLIC.text)
    assert AnonymousBox.parse(text).open(SECRET).decode() == value


def test_the_text_has_three_lines_and_no_newline_at_the_end() -> None:
    box = seal_anonymously(b"hunter2", PUBLIC)
    assert box.text == f"ANONYMOUS-BOX-1\nacme-20240101000000\n{encoded(box.ciphertext)}"
    assert AnonymousBox.parse(box.text) == box


@pytest.mark.parametrize(
    "text",
    [
        f"ANONYMOUS-BOX-1\nacme-20240101000000\n{SEALED}",
        f"ANONYMOUS-BOX-1\r\nacme-20240101000000\r\n{SEALED}\r\n",
        f"ANONYMOUS-BOX-1\nacme-20240101000000\n {SEALED} \nmore",
        f"ANONYMOUS-BOX-1\nother-20200101000000\n{SEALED}",
    ],
    ids=["plain", "line feeds of Windows", "blanks and more lines", "another key"],
)
def test_the_boxes_of_clients_open(text: str) -> None:
    assert AnonymousBox.parse(text).open(SECRET) == b"hunter2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("xyz", "Crypto error: Unsupported version: xyz"),
        ("xyz\nacme-20240101000000\nAAAA", "Crypto error: Unsupported version: xyz"),
        ("", "Crypto error: Unsupported version: "),
        ("ANONYMOUS-BOX-2\n", "Crypto error: Unsupported version: ANONYMOUS-BOX-2"),
        ("ANONYMOUS-BOX-1", "Crypto error: Less than three lines"),
        (f"ANONYMOUS-BOX-1\nacme\n{SEALED}", "Crypto error: Line 2 is not the name and revision of a key"),
        ("ANONYMOUS-BOX-1\nacme-20240101000000\nhunter2", "Crypto error: The sealed value is not Base64"),
    ],
    ids=["version", "version first", "nothing", "newer version", "cut off", "key name", "not Base64"],
)
def test_malformed_boxes_are_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(AnonymousBoxMalformed) as refusal:
        AnonymousBox.parse(text)
    assert refusal.value.reason == str(refusal.value) == reason


@given(st.text() | st.text().map("ANONYMOUS-BOX-1\nacme-20240101000000\n{}".format))
def test_any_text_is_a_box_or_refused(text: str) -> None:
    with suppress(AnonymousBoxMalformed), pytest.raises(AnonymousBoxUnreadable):
        AnonymousBox.parse(text).open(SECRET)


def test_every_changed_byte_of_the_sealed_value_is_refused() -> None:
    for changed in with_one_byte_changed(SEALED):
        with pytest.raises((AnonymousBoxMalformed, AnonymousBoxUnreadable)):
            AnonymousBox.parse(f"ANONYMOUS-BOX-1\nacme-20240101000000\n{changed}").open(SECRET)


@pytest.mark.parametrize("length", [0, 1, 47, 48, 100])
def test_other_ciphertexts_are_unreadable(length: int) -> None:
    box = AnonymousBox.parse(f"ANONYMOUS-BOX-1\nacme-20240101000000\n{encoded(bytes(length))}")
    with pytest.raises(AnonymousBoxUnreadable) as refusal:
        box.open(SECRET)
    assert refusal.value.reason == str(refusal.value) == "Crypto error: Could not decrypt origin encrypted secret"


def test_another_key_does_not_open_the_box() -> None:
    _, other = an_encryption_pair()
    with pytest.raises(AnonymousBoxUnreadable):
        seal_anonymously(b"hunter2", PUBLIC).open(other)


def test_keys_of_another_kind_raise_a_value_error() -> None:
    signing, _ = a_signing_pair()
    with pytest.raises(ValueError, match="BOX-PUB-1"):
        seal_anonymously(b"hunter2", signing)
    with pytest.raises(ValueError, match="BOX-SEC-1"):
        seal_anonymously(b"hunter2", PUBLIC).open(PUBLIC)
