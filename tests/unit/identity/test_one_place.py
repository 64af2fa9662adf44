"""Only `identity` decides what a caller may see or change, because it knows the grants of tokens (accounts.md 6)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import chalicelib

ROOT = Path(chalicelib.__file__).parent
GRANT = {"grant", "is_builder", "permits", "is_member_in"}
"""What only `identity` and the values themselves (`core`) read of a session or a grant."""

MEMBERSHIPS = {"MemberRow", "MembershipOfAccountRow", "member_key", "membership_of_account_key"}
CHANGE_MEMBERSHIPS = {"origins/service.py", "origins/deletion.py", "origins/members/service.py"}
ASK_WHETHER_THE_INVITED_IS_A_MEMBER = {"origins/invitations/service.py"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """The modules outside of `identity`, `core` and `catalog`, by path."""
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.split("/")[0] not in {"identity", "core", "catalog"}:
            yield name, ast.parse(path.read_text())


def names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def test_roles_are_compared_in_identity_only() -> None:
    ordered = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    comparing = [
        (name, node.lineno)
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ordered) for operator in node.ops)
        and names_in(node) & {"Role", "role"}
    ]

    assert comparing == []


def test_the_grant_of_a_token_is_read_in_identity_only() -> None:
    reading = [
        (name, node.lineno)
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr in GRANT
    ]

    assert reading == []


def test_memberships_are_read_in_identity_and_where_they_change() -> None:
    importing = {
        name
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and MEMBERSHIPS & {alias.name for alias in node.names}
    }

    assert importing == CHANGE_MEMBERSHIPS | ASK_WHETHER_THE_INVITED_IS_A_MEMBER
