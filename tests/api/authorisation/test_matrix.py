"""Every operation against every kind of caller; one wrong cell fails the run (accounts.md 6.3, design.md section 8)."""

import re
from collections.abc import Mapping

import pytest

from tests.api.authorisation.matrix import DANGEROUS, MATRIX, Cell, Rank
from tests.api.client import Depot, Reply
from tests.builders.accounts import an_account
from tests.builders.origins import an_origin

REFUSALS = {401, 403}
ROLES = [Rank.READONLY_MEMBER, Rank.MEMBER, Rank.MAINTAINER, Rank.ADMINISTRATOR]


@pytest.fixture(scope="module")
def callers(depot: Depot) -> Mapping[Rank, str | None]:
    """A token for every kind of caller but the anonymous one."""
    return {rank: None if rank is Rank.ANONYMOUS else an_account().token for rank in Rank}


@pytest.fixture(scope="module")
def origin(depot: Depot, callers: Mapping[Rank, str | None]) -> str:
    """An origin in which every caller has the role of its rank."""
    owner = callers[Rank.OWNER]
    assert owner is not None
    origin = an_origin(depot, owner=owner)
    for rank in [Rank.INVITED, *ROLES]:
        name = depot.get("/profile", by=callers[rank]).json()["name"]
        invited = depot.post(f"/depot/origins/{origin}/users/{name}/invitations", by=owner)
        assert invited.status == 201
        if rank is Rank.INVITED:
            continue
        assert depot.put(f"/depot/origins/{origin}/invitations/{invited.json()['id']}", by=callers[rank]).status == 204
        role = {"role": rank.name.lower()}
        assert depot.put(f"/depot/origins/{origin}/users/{name}/role", by=owner, query=role).status == 204
    return origin


@pytest.fixture(scope="module")
def revoked(depot: Depot) -> str:
    """A personal access token that was valid once."""
    account = an_account()
    token = depot.post("/profile/access-tokens", by=account.token).json()
    assert depot.get("/profile", by=token["token"]).status == 200
    assert depot.delete(f"/profile/access-tokens/{token['id']}", by=account.token).status == 200
    return str(token["token"])


def _ask(depot: Depot, cell: Cell, origin: str, token: str | None) -> Reply:
    method, _, path = cell.request.partition(" ")
    return depot.request(method, path.format(origin=origin), by=token, json=cell.json, body=cell.body)


@pytest.mark.parametrize("cell", MATRIX, ids=lambda cell: cell.request)
def test_everyone_may_exactly_what_the_matrix_says(
    depot: Depot, callers: Mapping[Rank, str | None], origin: str, cell: Cell
) -> None:
    for rank, token in callers.items():
        reply = _ask(depot, cell, origin, token)
        if rank >= cell.weakest:
            assert reply.status not in REFUSALS, (rank, reply)
        else:
            assert reply.status == (401 if rank is Rank.ANONYMOUS else cell.refused), (rank, reply)
            assert reply.body == b"" or "permission" in reply.text, (rank, reply)


@pytest.mark.parametrize("cell", MATRIX, ids=lambda cell: cell.request)
def test_bad_and_revoked_tokens_are_refused_everywhere(depot: Depot, origin: str, revoked: str, cell: Cell) -> None:
    for token in ("no-such-token", "_bm90aGluZw==", revoked):
        reply = _ask(depot, cell, origin, token)
        assert (reply.status, reply.body) == (401, b""), token


def test_departing(depot: Depot, callers: Mapping[Rank, str | None], origin: str) -> None:
    place = f"/depot/origins/{origin}/depart"
    assert depot.post(place).status == 401
    assert depot.post(place, by=callers[Rank.OWNER]).status == 403
    assert depot.post(place, by=callers[Rank.OUTSIDER]).status == 422
    assert depot.post(place, by=callers[Rank.INVITED]).status == 422


def test_every_operation_is_in_the_matrix() -> None:
    from app import app

    def shape(path: str) -> str:
        return re.sub(r"{\w+}", "{}", path.partition("?")[0])

    patterns = [
        (route.method, re.compile(re.sub(r"{\w+}", "[^/]+", route.path)), shape(route.name))
        for route in app.declared
        if route.path != "/status" and not route.path.startswith("/depot/uploads")
    ]
    asked = {cell.request.partition("?")[0].format(origin="acme") for cell in MATRIX}
    missing = {
        name
        for method, pattern, name in patterns
        if not any(one.startswith(f"{method} ") and pattern.fullmatch(one.partition(" ")[2]) for one in asked)
    }

    assert missing - set(DANGEROUS) == set()
