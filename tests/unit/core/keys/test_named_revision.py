"""Full names of keys and their revisions (accounts.md 7.1)."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.keys.named_revision import NamedRevision, NamedRevisionMalformed, next_revision, revision_at

SECONDS = st.datetimes(max_value=datetime(9999, 12, 31, 23, 59, 58), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("text", "name", "revision"),
    [
        ("acme-20240805120128", "acme", "20240805120128"),
        ("my-long-origin-20240805120128", "my-long-origin", "20240805120128"),
        ("a-20240805120128-20240805120129", "a-20240805120128", "20240805120129"),
        ("--99999999999999", "-", "99999999999999"),
    ],
)
def test_the_last_fourteen_digits_are_the_revision(text: str, name: str, revision: str) -> None:
    assert NamedRevision.parse(text) == NamedRevision(name, revision)
    assert str(NamedRevision(name, revision)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        "-20240805120128",
        "acme-2024080512012",
        "acme_20240805120128",
        "acme-20240805120128\n",
        "ac\nme-20240805120128",
        "acme-20240805120128 ",
        "acme-2024080512012٣",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(NamedRevisionMalformed):
        NamedRevision.parse(text)


@pytest.mark.parametrize(("name", "revision"), [("", "20240805120128"), ("acme", "latest"), ("a", "1-20240805120128")])
def test_invalid_parts_are_refused(name: str, revision: str) -> None:
    with pytest.raises(NamedRevisionMalformed):
        NamedRevision(name, revision)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(NamedRevisionMalformed):
        assert str(NamedRevision.parse(text)) == text


def test_a_revision_is_a_utc_time_in_seconds() -> None:
    moment = datetime(2024, 8, 5, 14, 1, 28, 999999, tzinfo=timezone(timedelta(hours=2)))
    assert revision_at(moment) == "20240805120128"


def test_a_time_without_a_zone_has_no_revision() -> None:
    with pytest.raises(ValueError, match="zone"):
        revision_at(datetime(2024, 8, 5, 14, 1, 28))


@pytest.mark.parametrize(
    ("revision", "after"), [("20240805120128", "20240805120129"), ("20231231235959", "20240101000000")]
)
def test_the_next_revision_is_one_second_later(revision: str, after: str) -> None:
    assert next_revision(revision) == after


@given(SECONDS)
def test_revisions_sort_like_their_times(moment: datetime) -> None:
    assert len(revision_at(moment)) == 14
    assert revision_at(moment) < next_revision(revision_at(moment)) == revision_at(moment + timedelta(seconds=1))


@pytest.mark.parametrize("digits", ["99999999999999", "20240230000000", "20240101000060", "99991231235959", "2024", ""])
def test_digits_that_are_not_a_time_have_no_next_revision(digits: str) -> None:
    with pytest.raises(NamedRevisionMalformed):
        next_revision(digits)
