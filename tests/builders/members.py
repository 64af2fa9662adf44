"""Members as tests need them."""

from tests.api.client import Depot


def a_member(depot: Depot, origin: str, user: str, role: str = "readonly_member", owner: str = "bobo") -> None:
    """Let a test user join an origin of another with a role, through the API."""
    assert depot.get("/profile", by=user).status == 200  # the account comes into being with its first use
    invited = depot.post(f"/depot/origins/{origin}/users/{user}/invitations", by=owner)
    assert invited.status == 201, invited
    accepted = depot.put(f"/depot/origins/{origin}/invitations/{invited.json()['id']}", by=user)
    assert accepted.status == 204, accepted
    if role != "readonly_member":
        given = depot.put(f"/depot/origins/{origin}/users/{user}/role", by=owner, query={"role": role})
        assert given.status == 204, given
