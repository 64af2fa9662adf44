"""Every operation, called by every kind of caller and with tokens of every scope (accounts.md 3.4, 6.3)."""

from collections.abc import Mapping

import pytest

from app import app
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.routes import ANYONE
from tests.api.authorisation.matrix import ELSEWHERE, MATRIX, Cell, Rank
from tests.api.client import Depot, Reply
from tests.builders.accounts import an_account
from tests.builders.origins import an_origin
from tests.perf.calls import counted_calls

REFUSALS = {401, 403}
ROLES = [Rank.READONLY_MEMBER, Rank.MEMBER, Rank.MAINTAINER, Rank.ADMINISTRATOR]
NEED_A_SESSION = [cell for cell in MATRIX if cell.route.needs is not ANYONE]
WITHOUT = {
    Scope.UPLOAD: Scope.PROMOTE,
    Scope.PROMOTE: Scope.UPLOAD,
    Scope.BUILD: Scope.PROMOTE,
    Scope.ADMIN: Scope.PROMOTE,
    None: Scope.ADMIN,
}
"""A scope that does not include another one."""


@pytest.fixture(scope="module")
def callers(depot: Depot) -> Mapping[Rank, str | None]:
    """A web session for every kind of caller but the anonymous one."""
    return {rank: None if rank is Rank.ANONYMOUS else an_account().token for rank in Rank}


@pytest.fixture(scope="module")
def origin(depot: Depot, callers: Mapping[Rank, str | None]) -> str:
    """An origin in which every caller has the role of its rank."""
    owner = callers[Rank.OWNER]
    assert owner is not None
    origin = an_origin(depot, owner=owner)
    assert depot.get(f"/depot/origins/{origin}/encryption_key", by=owner).status == 200  # `read` does not generate it
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
def owners_tokens(depot: Depot, callers: Mapping[Rank, str | None], origin: str) -> Mapping[Scope, str]:
    """Named tokens of the owner, one for each scope."""
    owner = callers[Rank.OWNER]
    return {
        scope: depot.post("/profile/tokens", by=owner, json={"name": scope, "scopes": [scope]}).json()["token"]
        for scope in Scope
    }


@pytest.fixture(scope="module")
def revoked(depot: Depot) -> str:
    """A personal access token that has been revoked."""
    account = an_account()
    token = depot.post("/profile/access-tokens", by=account.token).json()
    assert depot.get("/profile", by=token["token"]).status == 200
    assert depot.delete(f"/profile/access-tokens/{token['id']}", by=account.token).status == 200
    return str(token["token"])


def send(depot: Depot, cell: Cell, origin: str, token: str | None) -> Reply:
    return depot.request(cell.method, cell.path.format(origin=origin), by=token, json=cell.json, body=cell.body)


@pytest.mark.parametrize("cell", MATRIX, ids=lambda cell: cell.request)
def test_exactly_the_callers_that_the_route_admits_pass(
    depot: Depot, callers: Mapping[Rank, str | None], origin: str, cell: Cell
) -> None:
    for rank, token in callers.items():
        reply = send(depot, cell, origin, token)
        if rank >= cell.passes_from:
            assert reply.status not in REFUSALS, (rank, reply)
        else:
            assert reply.status == (401 if rank is Rank.ANONYMOUS else cell.route.refused), (rank, reply)
            assert reply.body == b"" or "permission" in reply.text, (rank, reply)


@pytest.mark.parametrize("cell", NEED_A_SESSION, ids=lambda cell: cell.request)
def test_a_named_token_passes_with_the_scope_that_the_route_needs(
    depot: Depot, owners_tokens: Mapping[Scope, str], origin: str, cell: Cell
) -> None:
    needed = cell.route.needed_scope
    if needed is not None:
        assert send(depot, cell, origin, owners_tokens[needed]).status not in REFUSALS
    if needed in WITHOUT:
        refused = send(depot, cell, origin, owners_tokens[WITHOUT[needed]])
        assert refused.status == 403
        assert ("only the account itself can" if needed is None else f"lacks the scope {needed}") in refused.text


@pytest.mark.parametrize("cell", MATRIX, ids=lambda cell: cell.request)
def test_invalid_and_revoked_tokens_are_refused_everywhere(depot: Depot, origin: str, revoked: str, cell: Cell) -> None:
    for token in ("no-such-token", "_bm90aGluZw==", revoked):
        reply = send(depot, cell, origin, token)
        assert (reply.status, reply.body) == (401, b""), token


@pytest.mark.parametrize("path", ["/profile", "/depot/pkgs/{}/tool/1.0/1", "/depot/pkgs/{}", "/depot/channels/{}"])
def test_the_rows_of_a_refused_caller_are_read_once(depot: Depot, origin: str, revoked: str, path: str) -> None:
    with counted_calls() as calls:
        assert depot.get(path.format(origin), by=revoked).status == 401

    assert calls["BatchGetItem"] == 1


def test_only_members_below_owner_can_depart(depot: Depot, callers: Mapping[Rank, str | None], origin: str) -> None:
    path = f"/depot/origins/{origin}/depart"
    assert depot.post(path).status == 401
    assert depot.post(path, by=callers[Rank.OWNER]).status == 403
    assert depot.post(path, by=callers[Rank.OUTSIDER]).status == 422
    assert depot.post(path, by=callers[Rank.INVITED]).status == 422


def test_every_operation_has_a_cell_or_is_tested_elsewhere() -> None:
    operations = {route.name for route in app.declared if route.path != "/status"}
    cells = {cell.route.name for cell in MATRIX if cell.route.path != "/status"}

    assert cells | set(ELSEWHERE) == operations
    assert not cells & set(ELSEWHERE)
