"""Shapes of members and roles over HTTP (accounts.md 8.6)."""

from typing import Annotated

from msgspec import Struct

from chalicelib.http.query import REFUSED_LATER


class RoleQuery(Struct):
    """The role to assign, in upper or lower case."""

    role: Annotated[str, REFUSED_LATER] = ""


class MemberRole(Struct):
    """The role of a member, in lower case."""

    role: str


class Members(Struct):
    """The account names of an origin's members, ascending."""

    origin: str
    members: list[str]
