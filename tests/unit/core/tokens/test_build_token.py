"""The tokens of workers, jobs and builds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.tokens import access_token, build_token, named_token, session_token
from chalicelib.core.tokens.build_token import (
    BuildTokenReference,
    BuildTokenUnreadable,
    Mark,
    fingerprint,
    issue,
    reference_of,
)

IDS = st.integers(1, 2**63 - 1)
ORIGINS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,254}", fullmatch=True)
SECRETS = st.binary(min_size=32, max_size=32)
REFERENCES = st.one_of(
    st.builds(BuildTokenReference, st.just(Mark.WORKER), IDS, origin=st.one_of(st.just(""), ORIGINS)),
    st.builds(BuildTokenReference, st.just(Mark.CODE), IDS),
    st.builds(BuildTokenReference, st.sampled_from([Mark.JOB, Mark.READ]), IDS, st.integers(1, 2**32 - 1)),
)


@given(REFERENCES, SECRETS)
def test_a_token_contains_the_parts_of_the_key_of_its_row(reference: BuildTokenReference, secret: bytes) -> None:
    token = issue(reference, secret)

    assert reference_of(token) == reference
    assert len(token) <= build_token.LONGEST


@given(REFERENCES, SECRETS, SECRETS)
def test_the_fingerprint_depends_on_the_secret(reference: BuildTokenReference, one: bytes, two: bytes) -> None:
    assert (fingerprint(issue(reference, one)) == fingerprint(issue(reference, two))) == (one == two)


@given(REFERENCES, SECRETS)
def test_no_other_kind_of_token_looks_like_one(reference: BuildTokenReference, secret: bytes) -> None:
    token = issue(reference, secret)

    assert build_token.looks_like_build_token(token)
    assert not named_token.looks_like_named_token(token)
    assert not access_token.looks_like_access_token(token)
    with pytest.raises(session_token.TokenUnreadable):
        session_token.account_id_of(token)
    assert not build_token.looks_like_build_token(named_token.issue(named_token.TokenReference(1, 2), secret))


IMPOSSIBLE = [
    BuildTokenReference(Mark.WORKER, 0),
    BuildTokenReference(Mark.WORKER, 2**63),
    BuildTokenReference(Mark.WORKER, 1, 1),
    BuildTokenReference(Mark.WORKER, 1, origin="Not An Origin"),
    BuildTokenReference(Mark.WORKER, 1, origin="a/b"),
    BuildTokenReference(Mark.CODE, 1, origin="core"),
    BuildTokenReference(Mark.JOB, 1),
    BuildTokenReference(Mark.JOB, 1, 1, "core"),
    BuildTokenReference(Mark.READ, 0, 1),
]


@pytest.mark.parametrize("reference", IMPOSSIBLE)
def test_what_the_service_would_not_issue_is_refused(reference: BuildTokenReference) -> None:
    with pytest.raises(BuildTokenUnreadable):
        reference_of(issue(reference, bytes(32)))


@given(st.one_of(st.text(max_size=80), st.sampled_from(list(Mark)).flatmap(lambda mark: st.text().map(mark.__add__))))
def test_other_texts_are_refused_without_quoting_them(text: str) -> None:
    try:
        reference_of(text)
    except BuildTokenUnreadable as refusal:
        assert str(refusal) == ""


@pytest.mark.parametrize("text", ["", "bldrw_", "bldrj_AAAA", "bldrw_!", "bldr_" + "A" * 68, "bldrw_" + "A" * 1_000])
def test_malformed_texts_are_refused(text: str) -> None:
    with pytest.raises(BuildTokenUnreadable):
        reference_of(text)
