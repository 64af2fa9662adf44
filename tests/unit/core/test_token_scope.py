"""Scopes of named tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.token_scope import Grant, Scope, ScopeUnknown, scope_needed

READ, UPLOAD, PROMOTE, ADMIN = Scope.READ, Scope.UPLOAD, Scope.PROMOTE, Scope.ADMIN
ORIGINS = st.sampled_from(["acme", "core", "other"])
GRANTS = st.builds(Grant, st.frozensets(st.sampled_from(Scope), min_size=1), st.none() | ORIGINS)
NEEDS = st.none() | st.sampled_from(Scope)
OPERATIONS = [
    ("GET", "/profile", READ),
    ("HEAD", "/status", READ),
    ("GET", "/user/origins", READ),
    ("GET", "/depot/pkgs/{origin}/{pkg}/{version}/{release}/download", READ),
    ("GET", "/depot/channels/{origin}", READ),
    ("GET", "/depot/origins/{origin}/keys/{revision}", READ),
    ("GET", "/depot/origins/{origin}/secret_keys/latest", UPLOAD),
    ("POST", "/depot/pkgs/{origin}/{pkg}/{version}/{release}", UPLOAD),
    ("POST", "/depot/pkgs/{origin}/{pkg}/{version}/{release}/uploads", UPLOAD),
    ("POST", "/depot/origins/{origin}/keys/{revision}", UPLOAD),
    ("POST", "/depot/origins/{origin}/keys/latest", UPLOAD),
    ("POST", "/depot/uploads", READ),
    ("POST", "/depot/uploads/{id}/complete", READ),
    ("DELETE", "/depot/uploads/{id}", READ),
    ("POST", "/depot/channels/{origin}/{channel}", PROMOTE),
    ("DELETE", "/depot/channels/{origin}/{channel}", PROMOTE),
    ("PUT", "/depot/channels/{origin}/{channel}/pkgs/{pkg}/{version}/{release}/promote", PROMOTE),
    ("POST", "/jobs/group/{id}/promote/{channel}", PROMOTE),
    ("POST", "/jobs/group/{id}/demote/{channel}", PROMOTE),
    ("POST", "/promotions/{origin}", PROMOTE),
    ("POST", "/demotions/{origin}", PROMOTE),
    ("PATCH", "/profile", ADMIN),
    ("POST", "/depot/origins", ADMIN),
    ("POST", "/depot/origins/{origin}/keys", ADMIN),
    ("POST", "/depot/origins/{origin}/secret_keys/latest", ADMIN),
    ("POST", "/depot/origins/{origin}/secret_keys/{revision}", ADMIN),
    ("POST", "/depot/origins/{origin}/secret", ADMIN),
    ("DELETE", "/depot/pkgs/{origin}/{pkg}/{version}/{release}", ADMIN),
    ("PATCH", "/depot/pkgs/{origin}/{pkg}/{version}/{release}/{visibility}", ADMIN),
    ("PUT", "/depot/origins/{origin}/users/{user}/role", ADMIN),
    ("POST", "/depot/pkgs/schedule/{origin}/{pkg}", ADMIN),
    ("GET", "/profile/access-tokens", None),
    ("POST", "/profile/access-tokens", None),
    ("DELETE", "/profile/access-tokens/{id}", None),
    ("GET", "/profile/tokens", None),
    ("POST", "/profile/tokens", None),
    ("DELETE", "/profile/tokens/{id}", None),
]


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
def test_each_operation_needs_a_scope(method, path, scope):
    assert scope_needed(method, path) is scope


@given(GRANTS, NEEDS, st.none() | ORIGINS)
def test_a_grant_permits_exactly_what_the_words_say(grant, needed, origin):
    included = needed is not None and (needed is READ or needed in grant.scopes or ADMIN in grant.scopes)
    at_home = grant.origin is None or grant.origin == origin or needed is READ

    assert grant.permits(needed, origin) == (included and at_home)


@given(GRANTS, st.none() | ORIGINS)
def test_no_grant_permits_what_only_the_account_may(grant, origin):
    assert not grant.permits(None, origin)


@given(ORIGINS, ORIGINS)
def test_a_bound_token_is_a_stranger_elsewhere(home, origin):
    assert Grant(frozenset({ADMIN}), home).is_member_in(origin) == (home == origin)
    assert Grant(frozenset({ADMIN})).is_member_in(origin)


@given(GRANTS, st.sampled_from(Scope), NEEDS, st.none() | ORIGINS)
def test_more_scopes_never_permit_less(grant, more, needed, origin):
    greater = Grant(grant.scopes | {more}, grant.origin)

    assert greater.permits(needed, origin) or not grant.permits(needed, origin)


def test_nothing_is_granted_without_a_scope():
    assert not any(Grant(frozenset()).permits(scope, "acme") for scope in Scope)


@pytest.mark.parametrize("word", ["", "Read", "write", "read ", "*"])
def test_other_words_are_no_scopes(word):
    with pytest.raises(ScopeUnknown):
        Grant.of(["read", word])


def test_words_make_a_grant():
    assert Grant.of(["upload", "read", "upload"], "acme") == Grant(frozenset({READ, UPLOAD}), "acme")
