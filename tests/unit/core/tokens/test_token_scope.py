"""Scopes of named tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.tokens.token_scope import Grant, Scope, ScopeUnknown

READ, UPLOAD, ADMIN = Scope.READ, Scope.UPLOAD, Scope.ADMIN
ORIGINS = st.sampled_from(["acme", "core", "other"])
GRANTS = st.builds(Grant, st.frozensets(st.sampled_from(Scope), min_size=1), st.none() | ORIGINS)
NEEDS = st.none() | st.sampled_from(Scope)


@given(GRANTS, NEEDS, st.none() | ORIGINS)
def test_a_grant_covers_its_scopes_in_its_origin(grant: Grant, needed: Scope | None, origin: str | None) -> None:
    included = needed is not None and (needed is READ or needed in grant.scopes or ADMIN in grant.scopes)
    in_origin = grant.origin is None or grant.origin == origin or needed is READ

    assert grant.permits(needed, origin) == (included and in_origin)


@given(GRANTS, st.none() | ORIGINS)
def test_no_grant_covers_operations_of_the_account_alone(grant: Grant, origin: str | None) -> None:
    assert not grant.permits(None, origin)


@given(ORIGINS, ORIGINS)
def test_a_token_bound_to_an_origin_is_not_a_member_of_others(bound_to: str, origin: str) -> None:
    assert Grant(frozenset({ADMIN}), bound_to).is_member_in(origin) == (bound_to == origin)
    assert Grant(frozenset({ADMIN})).is_member_in(origin)


@given(GRANTS, st.sampled_from(Scope), NEEDS, st.none() | ORIGINS)
def test_a_further_scope_never_permits_less(
    grant: Grant, further: Scope, needed: Scope | None, origin: str | None
) -> None:
    larger = Grant(grant.scopes | {further}, grant.origin)

    assert larger.permits(needed, origin) or not grant.permits(needed, origin)


def test_a_grant_without_scopes_permits_nothing() -> None:
    assert not any(Grant(frozenset()).permits(scope, "acme") for scope in Scope)


@pytest.mark.parametrize("word", ["", "Read", "write", "read ", "*"])
def test_other_words_do_not_name_a_scope(word: str) -> None:
    with pytest.raises(ScopeUnknown):
        Grant.of(["read", word])


def test_a_grant_is_parsed_from_words_in_any_order() -> None:
    assert Grant.of(["upload", "read", "upload"], "acme") == Grant(frozenset({READ, UPLOAD}), "acme")
