"""What a named token that is bound to one origin may read and change of another origin of its account, on every route.

The account owns both origins. For the other origin the token is worth as much as no token at all: reads that are open
to anyone answer as they answer anonymous callers, and everything else is refused. Outside of origins it may read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.routes import ANYONE, SESSION
from tests.api.authorisation.matrix import MATRIX, Cell
from tests.api.client import Depot, Reply
from tests.builders.accounts import Account, an_account
from tests.builders.hart import Hart, a_hart
from tests.builders.keys import a_sealed_value
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, promote
from tests.builders.rows import partition_rows, partitions, partitions_of
from tests.builders.uploads import an_upload

CACHES = ("NEWEST-OF-ALL#", "PAGES#", "PUBLIC-PAGES#")
Rows = dict[tuple[str, str], dict[str, Any]]

WITH_ORIGIN = [cell for cell in MATRIX if "{origin}" in cell.path]
GUARDED = [cell for cell in WITH_ORIGIN if cell.route.needs is not ANYONE]
OPEN = [cell for cell in MATRIX if cell.route.needs is ANYONE and not cell.path.startswith("/authenticate/")]
OF_ACCOUNT = [cell for cell in MATRIX if cell.route.needs is SESSION and "{origin}" not in cell.path]
READS = [cell for cell in MATRIX if cell.method == "GET" and not cell.path.startswith("/authenticate/")]


@dataclass(frozen=True)
class Scene:
    """The account, the origin of its tokens, and the other origin with one of everything that an origin can have."""

    depot: Depot
    account: Account
    own: str
    other: str
    hart: Hart
    invitation: str
    upload: str

    def path(self, cell: Cell) -> str:
        """The path of a cell with the things of the other origin in place of those that do not exist."""
        ident = self.hart.ident
        path = cell.path.format(origin=self.other)
        for absent, present in (
            ("no-such-channel", "dev"),
            ("no-such-account", "mystique"),
            ("no-such/1.0/20240101000000", f"{ident.name}/{ident.version}/{ident.release}"),
            ("no-such/1.0", f"{ident.name}/{ident.version}"),
            ("no-such", ident.name),
            ("/invitations/1", f"/invitations/{self.invitation}"),
            ("from_date=2024-1-1&to_date=2024-1-2", f"from_date=2024-1-1&to_date=2100-1-1&query={ident.name}"),
        ):
            path = path.replace(absent, present)
        return path

    def send(self, cell: Cell, by: str | None) -> Reply:
        return self.depot.request(cell.method, self.path(cell), by=by, json=cell.json, body=cell.body)


@pytest.fixture(scope="module")
def scene(depot: Depot) -> Scene:
    """An account with two private origins."""
    account = an_account()
    own, other = (an_origin(depot, account.token, visibility="private") for _ in range(2))
    return _filled(depot, account, own, other)


def _filled(depot: Depot, account: Account, own: str, other: str) -> Scene:
    by = account.token
    hart = a_package(depot, other, by, name=a_name("tool"))
    for channel in (a_channel(depot, other, "dev", by), "stable"):
        promote(depot, hart, channel, by)
    path, name = f"/depot/origins/{other}", hart.ident.name
    assert depot.post(f"{path}/keys", by=by).status == 201
    key = depot.get(f"{path}/encryption_key", by=by).text
    assert depot.post(f"{path}/secret", by=by, json={"name": name, "value": a_sealed_value("1", key)}).status == 201
    assert depot.put(f"{path}/integrations/docker/{name}", by=by, body=b"{}").status < 300
    assert depot.get("/profile", by="mystique").status == 200  # the first request creates the account
    invited = depot.post(f"{path}/users/mystique/invitations", by=by)
    assert depot.put(f"/retention/{other}", by=by, json={"keep_per_name": 1, "older_than_days": 9}).status == 200
    assert depot.put(f"/deprecations/{other}/{name}", by=by, json={"message": "old"}).status == 200
    upload = an_upload(depot, a_hart(origin=other, name="big"), by=by)
    return Scene(depot, account, own, other, hart, invited.json()["id"], upload.id)


@pytest.fixture(scope="module")
def tokens(depot: Depot, scene: Scene) -> Mapping[Scope, str]:
    """A token of every scope that is bound to the account's own origin."""
    return {
        scope: depot.post(
            "/profile/tokens",
            by=scene.account.token,
            json={"name": scope, "scopes": [scope], "origin": scene.own},
        ).json()["token"]
        for scope in Scope
    }


def rows_of(origin: str) -> Rows:
    """All rows of an origin but cached answers, which anonymous reads also write."""
    return _rows(pk for pk in partitions_of(origin) if not pk.startswith(CACHES))


def _rows(partition_keys: Any) -> Rows:
    return {(pk, sk): row for pk in partition_keys for sk, row in partition_rows(pk).items()}


@pytest.mark.parametrize("cell", GUARDED, ids=lambda cell: cell.request)
def test_what_needs_a_role_is_refused_in_the_other_origin(
    scene: Scene, tokens: Mapping[Scope, str], cell: Cell
) -> None:
    before = rows_of(scene.other)

    for scope, token in tokens.items():
        reply = scene.send(cell, token)
        expected = {403} if cell.route.needs is SESSION else {403, cell.route.refused}
        assert reply.status in expected, (scope, reply)
        assert scene.other not in reply.text, (scope, reply)

    assert rows_of(scene.other) == before


@pytest.mark.parametrize("cell", OPEN, ids=lambda cell: cell.request)
def test_what_is_open_to_anyone_answers_as_without_a_token(
    scene: Scene, tokens: Mapping[Scope, str], cell: Cell
) -> None:
    anonymous = scene.send(cell, None)

    for scope, token in tokens.items():
        reply = scene.send(cell, token)
        assert (reply.status, reply.body) == (anonymous.status, anonymous.body), scope


def test_the_account_itself_sees_more_than_without_a_token(scene: Scene) -> None:
    """Otherwise the test above would prove nothing."""
    different = {
        cell.route.name for cell in OPEN if scene.send(cell, scene.account.token).body != scene.send(cell, None).body
    }

    assert {
        "GET /depot/pkgs/search/{query}",
        "GET /depot/events",
        "GET /depot/pkgs/{origin}",
        "GET /depot/{origin}/pkgs",
        "GET /depot/channels/{origin}/{channel}/pkgs/_latest",
        "GET /depot/pkgs/{origin}/{pkg}/{version}/{release}/download",
        "GET /packages/{origin}/{pkg}/{version}/{release}",
        "GET /deprecations/{origin}/{pkg}",
    } <= different


@pytest.mark.parametrize("cell", OF_ACCOUNT, ids=lambda cell: cell.request)
def test_outside_of_origins_it_may_only_read(scene: Scene, tokens: Mapping[Scope, str], cell: Cell) -> None:
    for scope, token in tokens.items():
        reply = scene.send(cell, token)
        assert (reply.status == 403) == (cell.route.needed_scope is not Scope.READ), (scope, reply)
        assert scene.other not in reply.text


def test_the_paths_of_its_own_origin_do_not_reach_the_other(scene: Scene, tokens: Mapping[Scope, str]) -> None:
    own, ident, token = scene.own, str(scene.hart.ident), tokens[Scope.ADMIN]
    for channel in ("dev", "next"):
        a_channel(scene.depot, own, channel, token)
    mine = a_hart(origin=scene.other, name="smuggled")
    upload = {"ident": str(mine.ident), "target": mine.target, "checksum": mine.checksum, "size": len(mine.content)}
    before = rows_of(scene.other) | _rows([f"UPLOAD#{scene.upload}"])

    refused = {
        "POST /promotions": scene.depot.post(
            f"/promotions/{own}", by=token, json={"channel": "dev", "idents": [ident]}
        ).status,
        "POST /demotions": scene.depot.post(
            f"/demotions/{own}", by=token, json={"channel": "dev", "idents": [ident]}
        ).status,
        "POST /depot/pkgs": scene.depot.post(
            f"/depot/pkgs/{own}/smuggled/1.0/20240101000000?checksum={mine.checksum}", by=token, body=mine.content
        ).status,
        "POST /depot/uploads": scene.depot.post("/depot/uploads", by=token, json=upload).status,
        "GET /depot/uploads": scene.depot.get(f"/depot/uploads/{scene.upload}", by=token).status,
        "POST /depot/uploads/complete": scene.depot.post(f"/depot/uploads/{scene.upload}/complete", by=token).status,
        "DELETE /depot/uploads": scene.depot.delete(f"/depot/uploads/{scene.upload}", by=token).status,
        "GET role": scene.depot.get(f"/depot/origins/{own}/users/mystique/role", by=token).status,
    }
    invitation = f"/depot/origins/{own}/invitations/{scene.invitation}"
    unknown = [
        scene.depot.put(invitation, by=token).status,
        scene.depot.put(f"{invitation}/ignore", by=token).status,
        scene.depot.delete(invitation, by=token).status,
    ]

    assert refused == {
        "POST /promotions": 422,
        "POST /demotions": 422,
        "POST /depot/pkgs": 422,
        "POST /depot/uploads": 403,
        "GET /depot/uploads": 403,
        "POST /depot/uploads/complete": 403,
        "DELETE /depot/uploads": 403,
        "GET role": 404,
    }
    assert unknown == [204, 204, 204]
    assert rows_of(scene.other) | _rows([f"UPLOAD#{scene.upload}"]) == before


def test_no_read_changes_anything_with_the_scope_read(depot: Depot) -> None:
    account = an_account()
    origin = an_origin(depot, account.token)
    body = {"name": "reads", "scopes": ["read"]}
    token = depot.post("/profile/tokens", by=account.token, json=body).json()["token"]
    assert depot.get("/profile", by=token).status == 200  # records the use of the token, once an hour
    before = _rows(pk for pk in partitions() if not pk.startswith(CACHES))

    statuses = [depot.request("GET", cell.path.format(origin=origin), by=token).status for cell in READS]

    assert 200 in statuses
    assert _rows(pk for pk in partitions() if not pk.startswith(CACHES)) == before


def test_every_route_with_a_role_is_among_the_guarded_ones() -> None:
    assert {cell.route.name for cell in GUARDED} >= {
        cell.route.name for cell in MATRIX if isinstance(cell.route.needs, Role)
    }
