"""Builder keys and signed boxes (accounts.md 7.5)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import Box, PrivateKey

from chalicelib.core.keys.key_file import KeyFile, KeyFileMalformed, KeyKind
from chalicelib.core.keys.signed_box import (
    BoxMalformed,
    BoxUnreadable,
    KeyRing,
    NoBuilderKey,
    SignedBox,
    generate_builder_key,
)
from chalicelib.core.strict_base64 import encoded
from tests.builders.keys import a_builder_key, a_key_ring, with_one_byte_changed

OLD, NEW = "20240101000000", "20250101000000"
PLAIN = bytes.fromhex("089582a6efc79e849111100018ffd6a9d0f9ee01")
NONCE = bytes(range(24))
VECTOR = (
    "BOX-1\nbldr-20240101000000\nbldr-20240101000000\n"
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\niYwyI9QZPcXQsQdYiZB7cOPthPzCLUz0Zu4Xlpcv8EPXnenA"
)
RING = a_key_ring()


def test_the_test_vector_of_the_contract() -> None:
    assert RING.seal(PLAIN, NONCE) == VECTOR
    assert RING.open(VECTOR) == PLAIN


@given(st.binary())
def test_every_value_is_restored(plain: bytes) -> None:
    assert RING.open(RING.seal(plain)) == plain


def test_two_boxes_of_one_value_differ() -> None:
    assert RING.seal(PLAIN) != RING.seal(PLAIN)


def test_the_newest_key_seals_and_every_key_opens() -> None:
    before, ring = a_key_ring(OLD), a_key_ring(OLD, NEW)

    assert str(ring.newest) == f"bldr-{NEW}"
    assert SignedBox.parse(ring.seal(PLAIN)).decryptor == ring.newest
    assert ring.open(before.seal(PLAIN)) == PLAIN
    assert ring.open(ring.seal(PLAIN)) == PLAIN


def test_the_newest_key_does_not_depend_on_the_order_of_the_texts() -> None:
    texts = [a_builder_key(NEW), a_builder_key(OLD, first_byte=1)]
    assert KeyRing.from_texts(texts).newest == KeyRing.from_texts(texts[::-1]).newest


def test_an_older_key_can_seal() -> None:
    text = a_key_ring(OLD, NEW).seal(PLAIN, NONCE, key_revision=f"bldr-{OLD}")
    assert text == VECTOR


def test_a_box_for_a_key_that_is_not_in_the_ring_is_unreadable() -> None:
    with pytest.raises(BoxUnreadable, match=f"bldr-{OLD}"):
        a_key_ring(NEW).open(VECTOR)
    with pytest.raises(BoxUnreadable, match=f"bldr-{OLD}"):
        a_key_ring(NEW).seal(PLAIN, key_revision=f"bldr-{OLD}")


def test_a_box_does_not_open_with_another_key_of_the_same_name() -> None:
    with pytest.raises(BoxUnreadable):
        KeyRing.from_texts(a_builder_key(OLD, first_byte=9)).open(VECTOR)


def test_a_box_from_one_key_to_another_is_unreadable() -> None:
    ring = a_key_ring(OLD, NEW)
    with pytest.raises(BoxUnreadable, match="itself"):
        ring.open(VECTOR.replace(f"bldr-{OLD}", f"bldr-{NEW}", 1))


def test_every_changed_byte_is_refused() -> None:
    for changed in with_one_byte_changed(VECTOR):
        with pytest.raises((BoxMalformed, BoxUnreadable)):
            RING.open(changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        VECTOR + "\n",
        "\n" + VECTOR,
        VECTOR.replace("\n", "\r\n"),
        VECTOR.replace("BOX-1", "BOX-2"),
        VECTOR.replace("bldr-20240101000000", "bldr"),
        VECTOR[:-1],
        VECTOR + "=",
        "\n".join([*VECTOR.split("\n")[:3], encoded(bytes(23)), VECTOR.split("\n")[4]]),
        "\n".join([*VECTOR.split("\n")[:4], encoded(bytes(15))]),
        "\n".join([*VECTOR.split("\n")[:4], ""]),
    ],
)
def test_malformed_boxes_are_refused(text: str) -> None:
    with pytest.raises(BoxMalformed) as refusal:
        RING.open(text)
    assert refusal.value.reason


@given(st.text() | st.text().map("BOX-1\nbldr-20240101000000\nbldr-20240101000000\n{}".format))
def test_any_text_is_a_box_or_refused(text: str) -> None:
    with suppress(BoxMalformed):
        assert SignedBox.parse(text).text == text
    with pytest.raises((BoxMalformed, BoxUnreadable)):
        RING.open(text)


def test_a_key_may_be_on_one_line_as_in_a_variable() -> None:
    on_one_line = a_builder_key().replace("\n", r"\n")
    assert KeyRing.from_texts(on_one_line).open(VECTOR) == PLAIN
    assert KeyRing.from_texts([on_one_line]).open(VECTOR) == PLAIN


def test_a_ring_without_keys_is_refused() -> None:
    with pytest.raises(NoBuilderKey):
        KeyRing.from_texts([])


@pytest.mark.parametrize("text", ["", "no key", a_builder_key().replace("BOX-SEC-1", "BOX-PUB-1")])
def test_a_text_that_is_not_a_secret_key_is_refused(text: str) -> None:
    with pytest.raises(KeyFileMalformed):
        KeyRing.from_texts(text)


def test_repr_and_str_of_a_ring_show_names_but_not_keys() -> None:
    ring = a_key_ring(OLD, NEW)
    ring.seal(PLAIN)
    for shown in (repr(ring), str(ring)):
        assert f"bldr-{OLD}" in shown
        assert f"bldr-{NEW}" in shown
        for first_byte in (0, 1):
            raw = bytes(range(first_byte, first_byte + 32))
            shared = Box(PrivateKey(raw), PrivateKey(raw).public_key).shared_key()
            assert all(
                form not in shown for secret in (raw, shared) for form in (repr(secret), secret.hex(), encoded(secret))
            )


def test_a_generated_key_seals_and_opens() -> None:
    text = generate_builder_key(NEW)

    assert KeyFile.parse(text, KeyKind.SECRET_ENCRYPTION).file_name == f"bldr-{NEW}.box.key"
    assert text != generate_builder_key(NEW)
    ring = KeyRing.from_texts(text)
    assert ring.open(ring.seal(PLAIN)) == PLAIN
