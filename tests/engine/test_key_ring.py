"""The keys of a process: read again after some minutes, and when a box names a missing one (accounts.md 7.5)."""

from collections.abc import Iterator

import pytest

from chalicelib.core.keys.signed_box import BoxUnreadable, SignedBox, generate_builder_key
from chalicelib.platform import key_ring as rings
from chalicelib.platform.aws import client
from chalicelib.platform.clock import now
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring
from tests.builders.keys import a_builder_key, a_key_ring

OLD, LATER = "20240101000000", "20250101000000"


class Time:
    """The clock of the ring."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time(table: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Time]:
    """A clock that stands still, in a process whose secret holds an old key."""
    secret = client("secretsmanager")
    before = secret.get_secret_value(SecretId=config.builder_key_secret)["SecretString"]
    clock = Time()
    monkeypatch.setattr(rings, "clock", clock)
    key_ring.cache_clear()
    store(a_builder_key(OLD))
    yield clock
    store(before)
    key_ring.cache_clear()


def store(*keys: str) -> None:
    client("secretsmanager").put_secret_value(SecretId=config.builder_key_secret, SecretString="\n".join(keys))


def sealed_by() -> str:
    return str(SignedBox.parse(key_ring().seal(b"x")).decryptor)


def both() -> tuple[str, str]:
    return a_builder_key(LATER, first_byte=1), a_builder_key(OLD)


def test_a_secret_holds_several_keys(time: Time) -> None:
    store(*both())

    assert sealed_by() == f"bldr-{LATER}"
    assert key_ring().open(a_key_ring(OLD).seal(b"x")) == b"x"


def test_a_key_that_was_just_made_opens_and_does_not_seal_yet(time: Time) -> None:
    new = generate_builder_key(f"{now():%Y%m%d%H%M%S}")
    store(new, a_builder_key(OLD))

    assert sealed_by() == f"bldr-{OLD}"
    assert new.splitlines()[1] in repr(key_ring())


def test_a_single_new_key_seals(time: Time) -> None:
    new = generate_builder_key(f"{now():%Y%m%d%H%M%S}")
    store(new)

    assert sealed_by() == new.splitlines()[1]


def test_the_secret_is_read_again_after_some_minutes(time: Time) -> None:
    key_ring()
    store(*both())

    time.seconds = rings.FRESH_SECONDS - 1
    assert sealed_by() == f"bldr-{OLD}"
    time.seconds = rings.FRESH_SECONDS
    assert sealed_by() == f"bldr-{LATER}"


def test_a_missing_key_is_searched_once_a_minute(time: Time) -> None:
    box = a_key_ring(OLD, LATER).seal(b"x")
    with pytest.raises(BoxUnreadable):
        key_ring().open(box)
    store(*both())

    time.seconds = rings.SECONDS_BETWEEN_SEARCHES - 1
    with pytest.raises(BoxUnreadable):
        key_ring().open(box)
    time.seconds = rings.SECONDS_BETWEEN_SEARCHES
    assert key_ring().open(box) == b"x"


def test_keys_that_cannot_be_read_again_are_used_for_a_while(time: Time) -> None:
    key_ring()
    store("lost")

    time.seconds = rings.KEPT_SECONDS - 1
    assert sealed_by() == f"bldr-{OLD}"
    time.seconds = rings.KEPT_SECONDS + rings.SECONDS_BETWEEN_SEARCHES
    with pytest.raises(rings.BuilderKeyInvalid):
        key_ring()


def test_every_process_knows_a_key_before_it_seals() -> None:
    assert rings.SETTLED.total_seconds() > rings.KEPT_SECONDS > rings.FRESH_SECONDS
