"""Role order, role words and session flags (accounts.md sections 2 and 6.1)."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.roles import Role, RoleUnknown, SessionFlags

ASCENDING = ["readonly_member", "member", "maintainer", "administrator", "owner"]


def test_every_role_is_below_the_ones_after_it() -> None:
    for lower, higher in itertools.combinations([Role.parse(word) for word in ASCENDING], 2):
        assert lower < higher
        assert lower <= higher
        assert higher > lower
        assert higher >= lower
        assert lower != higher


def test_a_role_satisfies_a_minimum_of_itself() -> None:
    for role, minimum in zip(Role, Role, strict=True):
        assert role >= minimum
        assert not role < minimum


@pytest.mark.parametrize("word", ASCENDING)
def test_names_are_read_in_any_case_and_written_in_lower_case(word: str) -> None:
    assert str(Role.parse(word.upper())) == str(Role.parse(word.title())) == str(Role.parse(word)) == word


def test_there_are_five_roles() -> None:
    assert [str(role) for role in Role] == ASCENDING


@pytest.mark.parametrize("text", ["", " member", "member\n", "admin", "readonly", "readonly-member", "adminiſtrator"])
def test_other_texts_are_not_roles(text: str) -> None:
    with pytest.raises(RoleUnknown):
        Role.parse(text)


@given(st.text())
def test_any_text_is_a_role_or_unknown(text: str) -> None:
    try:
        assert str(Role.parse(text)) == text.lower()
    except RoleUnknown:
        assert text.lower() not in ASCENDING


def test_roles_do_not_compare_with_numbers() -> None:
    number: Any = 1
    with pytest.raises(TypeError):
        assert number < Role.OWNER


def test_flags_have_the_bits_of_the_contract() -> None:
    assert (SessionFlags.ADMIN, SessionFlags.EARLY_ACCESS, SessionFlags.BUILD_WORKER) == (1, 2, 4)


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_unknown_flag_bits_are_masked(bits: int) -> None:
    assert int(SessionFlags(bits)) == bits & 7
    assert (SessionFlags.BUILD_WORKER in SessionFlags(bits)) == bool(bits & 4)
