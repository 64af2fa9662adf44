"""Members of origins, and callers that lack a role."""

from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.origins import an_origin


def a_member(depot: Depot, origin: str, user: str, role: str = "readonly_member", owner: str = "bobo") -> None:
    """Make a test user a member of an origin, through the API."""
    assert depot.get("/profile", by=user).status == 200  # the first request creates the account
    invited = depot.post(f"/depot/origins/{origin}/users/{user}/invitations", by=owner)
    assert invited.status == 201, invited
    accepted = depot.put(f"/depot/origins/{origin}/invitations/{invited.json()['id']}", by=user)
    assert accepted.status == 204, accepted
    if role != "readonly_member":
        assigned = depot.put(f"/depot/origins/{origin}/users/{user}/role", by=owner, query={"role": role})
        assert assigned.status == 204, assigned


def an_origin_with_members(depot: Depot, **roles: str) -> str:
    """Create an origin of bobo, make test users its members, each with a role, and return its name."""
    origin = an_origin(depot)
    for user, role in roles.items():
        a_member(depot, origin, user, role)
    return origin


def refused_callers(depot: Depot, origin: str, highest_role: str | None = None) -> list[tuple[str, str | None, int]]:
    """Return callers that lack the role for an operation, each as (origin, user, status of the refusal).

    They are an anonymous caller, an account outside the origin, a member with `highest_role` (mystique) if given, and
    the owner asking for an origin that does not exist.
    """
    callers: list[tuple[str, str | None, int]] = [
        (origin, None, 401),
        (origin, "wesker", 403),
        (a_name("origin"), "bobo", 403),
    ]
    if highest_role is not None:
        a_member(depot, origin, "mystique", highest_role)
        callers.append((origin, "mystique", 403))
    return callers
