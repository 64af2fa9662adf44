"""A harmless request for every operation, to be sent by every kind of caller (accounts.md 6.3).

The declaration of its route says who may send it. The requests do nothing for those who may: what they name does not
exist, or they conflict with something. Only 401 and 403 are refusals; with any other status the caller passed.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from app import app
from chalicelib.core.roles import Role
from chalicelib.http.route_tree import RouteTree
from chalicelib.http.routes import ANYONE, Needs, Route


class Rank(IntEnum):
    """Kinds of callers, weakest first."""

    ANONYMOUS = 0
    OUTSIDER = 1
    INVITED = 2
    READONLY_MEMBER = 3
    MEMBER = 4
    MAINTAINER = 5
    ADMINISTRATOR = 6
    OWNER = 7


@dataclass(frozen=True)
class Cell:
    """A request. `weakest` is the weakest caller who passes, if the service demands more than the route declares."""

    request: str
    json: Any = None
    body: bytes | None = None
    weakest: Rank | None = None

    @property
    def method(self) -> str:
        """The method."""
        return self.request.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path and query, with `{origin}` in place of the origin's name."""
        return self.request.partition(" ")[2]

    @property
    def route(self) -> Route:
        """The route that the request matches."""
        match = _TREE.match(self.path.partition("?")[0])
        assert match is not None, self.request
        return _ROUTES[self.method, match.resource]

    @property
    def passes_from(self) -> Rank:
        """The weakest caller who passes."""
        return _weakest(self.route.needs) if self.weakest is None else self.weakest


_TREE = RouteTree(app.routes)
_ROUTES = {(route.method, route.path): route for route in app.declared}


def _weakest(needs: Needs) -> Rank:
    if isinstance(needs, Role):
        return Rank[needs.name]
    return Rank.ANONYMOUS if needs is ANYONE else Rank.OUTSIDER


WITHOUT_BODY = """
    GET /status
    HEAD /status
    GET /openapi.json
    GET /docs
    GET /authenticate/bobo

    GET /profile
    GET /profile/access-tokens
    GET /profile/license
    GET /profile/tokens
    DELETE /profile/tokens/1
    GET /user/invitations
    GET /user/origins
    GET /ext/installations/no-number/repos/1/contents/x

    GET /depot/origins/{origin}
    DELETE /depot/origins/{origin}
    GET /depot/origins/{origin}/keys
    GET /depot/origins/{origin}/keys/latest
    GET /depot/origins/{origin}/keys/20000101000000
    POST /depot/origins/{origin}/keys
    GET /depot/origins/{origin}/secret_keys/latest
    GET /depot/origins/{origin}/encryption_key
    GET /depot/origins/{origin}/secret
    DELETE /depot/origins/{origin}/secret/no-such
    GET /depot/origins/{origin}/integrations
    GET /depot/origins/{origin}/integrations/docker/names
    GET /depot/origins/{origin}/integrations/docker/no-such
    DELETE /depot/origins/{origin}/integrations/docker/matrix
    DELETE /depot/origins/{origin}/integrations/docker/names
    GET /depot/origins/{origin}/users
    GET /depot/origins/{origin}/invitations
    POST /depot/origins/{origin}/users/no-such-account/invitations
    GET /depot/origins/{origin}/users/no-such-account/role
    PUT /depot/origins/{origin}/users/no-such-account/role?role=member
    POST /depot/origins/{origin}/transfer/no-such-account
    PUT /depot/origins/{origin}/invitations/1
    PUT /depot/origins/{origin}/invitations/1/ignore
    DELETE /depot/origins/{origin}/invitations/1

    GET /depot/{origin}/pkgs
    GET /depot/uploads/pkgs
    GET /depot/pkgs/{origin}
    GET /depot/pkgs/{origin}/no-such
    GET /depot/pkgs/{origin}/no-such/versions
    GET /depot/pkgs/{origin}/no-such/latest
    GET /depot/pkgs/{origin}/no-such/1.0
    GET /depot/pkgs/{origin}/no-such/1.0/latest
    GET /depot/pkgs/{origin}/no-such/1.0/20240101000000
    GET /depot/pkgs/{origin}/no-such/1.0/20240101000000/channels
    GET /depot/pkgs/{origin}/no-such/1.0/20240101000000/download
    DELETE /depot/pkgs/{origin}/no-such/1.0/20240101000000
    PATCH /depot/pkgs/{origin}/no-such/1.0/20240101000000/private
    GET /depot/pkgs/search/no-such
    GET /packages/{origin}/no-such/1.0/20240101000000
    GET /rdeps/{origin}/no-such
    GET /rdeps/{origin}/no-such/group
    PUT /unlisted/{origin}/no-such/1.0/20240101000000
    DELETE /unlisted/{origin}/no-such/1.0/20240101000000
    GET /settings/{origin}/no-such
    GET /projects/{origin}/no-such/jobs
    DELETE /settings/{origin}/no-such
    POST /settings/{origin}/matrix

    GET /depot/channels/{origin}
    POST /depot/channels/{origin}/stable
    DELETE /depot/channels/{origin}/no-such-channel
    GET /depot/channels/{origin}/no-such-channel/pkgs
    GET /depot/channels/{origin}/no-such-channel/pkgs/no-such
    GET /depot/channels/{origin}/no-such-channel/pkgs/no-such/1.0
    GET /depot/channels/{origin}/no-such-channel/pkgs/_latest?target=x86_64-linux
    GET /depot/channels/{origin}/no-such-channel/pkgs/no-such/latest
    GET /depot/channels/{origin}/no-such-channel/pkgs/no-such/1.0/latest
    GET /depot/channels/{origin}/no-such-channel/pkgs/no-such/1.0/20240101000000
    GET /depot/channels/{origin}/no-such-channel/pkgs/promote
    GET /depot/channels/{origin}/no-such-channel/pkgs/demote
    PUT /depot/channels/{origin}/no-such-channel/pkgs/no-such/1.0/20240101000000/promote
    PUT /depot/channels/{origin}/no-such-channel/pkgs/no-such/1.0/20240101000000/demote
    PUT /depot/channels/{origin}/no-such-channel/pkgs/promote?channel=no-such-channel
    POST /depot/channels/{origin}/no-such-channel/pkgs/promote?channel=no-such-channel
    PUT /depot/channels/{origin}/no-such-channel/pkgs/demote?channel=no-such-channel
    POST /depot/channels/{origin}/no-such-channel/pkgs/demote?channel=no-such-channel
    GET /depot/events?from_date=2024-1-1&to_date=2024-1-2

    GET /long-changes/{origin}
    GET /long-changes/{origin}/1
    GET /retention/{origin}
    POST /retention/{origin}/run?dry_run=true
    DELETE /retention/{origin}
    GET /deprecations/{origin}/no-such
    GET /deprecations/{origin}/no-such/1.0
    GET /deprecations/{origin}/no-such/1.0/20240101000000
    DELETE /deprecations/{origin}/no-such
    DELETE /deprecations/{origin}/no-such/1.0
    DELETE /deprecations/{origin}/no-such/1.0/20240101000000

    GET /projects/{origin}
    GET /projects/{origin}/no-such
    DELETE /projects/{origin}/no-such
    PATCH /projects/{origin}/no-such/private
    PATCH /projects/{origin}/no-such/jobs
    PATCH /projects/{origin}/no-such/integrations
    GET /projects/{origin}/no-such/integrations/no-such/default
    DELETE /projects/{origin}/no-such/integrations/no-such/default
    GET /workers/{origin}
    DELETE /workers/{origin}/1
"""

WITH_BODY = [
    Cell("POST /depot/pkgs/schedule/{origin}/no-such?target=no-such"),
    Cell("POST /depot/pkgs/schedule/{origin}/status?target=no-such"),
    Cell("GET /depot/pkgs/schedule/1"),
    Cell("GET /depot/pkgs/schedule/{origin}/status"),
    Cell("GET /builds/plans/{origin}/no-such?target=no-such"),
    Cell("PATCH /profile", json={"email": "someone@example.com"}),
    Cell("PUT /profile/license", json={"account_id": "1", "license_key": "no-such"}),
    Cell("POST /ext/integrations/docker/credentials/validate", json={}),
    Cell("POST /depot/origins", json={"name": "Not A Name"}),
    Cell("PUT /depot/origins/{origin}", json={"default_package_visibility": "public"}),
    Cell("POST /depot/origins/{origin}/secret_keys/latest", body=b"no key"),
    Cell("POST /depot/origins/{origin}/secret_keys/20000101000000", body=b"no key"),
    Cell("POST /depot/origins/{origin}/secret", json={"name": "", "value": ""}),
    Cell("PUT /depot/origins/{origin}/integrations/docker/matrix", body=b"{}"),
    Cell("PUT /depot/origins/{origin}/integrations/docker/names", body=b"{}"),
    Cell("POST /depot/pkgs/{origin}/no-such/1.0/20240101000000", body=b"no archive"),
    Cell("POST /depot/pkgs/{origin}/no-such/1.0/latest", body=b"no archive"),
    Cell("PUT /settings/{origin}/no-such", json={"visibility": "public"}),
    Cell("POST /promotions/{origin}", json={"channel": "no-such-channel", "idents": []}),
    Cell("POST /demotions/{origin}", json={"channel": "no-such-channel", "idents": []}),
    Cell("POST /deletions/{origin}/no-such/1.0/20240101000000", json={"target": "x86_64-linux"}),
    Cell("PUT /retention/{origin}", json={"keep_per_name": 1, "older_than_days": 36_500}),
    Cell("PUT /deprecations/{origin}/no-such", json={"message": "old"}),
    Cell("PUT /deprecations/{origin}/no-such/1.0", json={"message": "old"}),
    Cell("PUT /deprecations/{origin}/no-such/1.0/20240101000000", json={"message": "old"}),
    Cell("PUT /projects/{origin}/no-such", json={"plan_path": "plan.sh"}),
    Cell("PUT /projects/{origin}/no-such/integrations/no-such/default", body=b"{}"),
    Cell("POST /workers/{origin}", json={"name": "", "targets": []}),
]

STRICTER = [
    # a member gets 409 for an existing key; only an administrator may upload a new one
    Cell("POST /depot/origins/{origin}/keys/20000101000000", body=b"no key", weakest=Rank.ADMINISTRATOR),
    Cell("POST /depot/origins/{origin}/keys/latest", body=b"no key", weakest=Rank.ADMINISTRATOR),
    # the account must be the owner named in the origin's row; the role is not enough
    Cell("DELETE /depot/origins/{origin}/users/no-such-account", weakest=Rank.OWNER),
]
"""Requests for which the service requires more than the route declares."""

MATRIX = [*(Cell(line.strip()) for line in WITHOUT_BODY.splitlines() if line.strip()), *WITH_BODY, *STRICTER]

ELSEWHERE = {
    "POST /profile/access-tokens": "replaces the caller's token; tests/api/profile",
    "DELETE /profile/access-tokens/{id}": "401 also means that the token is another account's; tests/api/profile",
    "POST /profile/tokens": "makes a token; tests/api/profile",
    "POST /depot/origins/{origin}/depart": "the caller is no longer a member; test_only_members_below_owner_can_depart",
    "POST /projects": "the origin is in the body; tests/api/projects",
    "POST /notify": "signed by GitHub, needs no session; tests/api/notify",
    "GET /depot/events/saas": "sends a request to another server; tests/api/depot/events",
    "POST /depot/uploads": "needs an upload; tests/api/depot/uploads",
    "GET /depot/uploads/{id}": "needs an upload; tests/api/depot/uploads",
    "DELETE /depot/uploads/{id}": "needs an upload; tests/api/depot/uploads",
    "POST /depot/uploads/{id}/complete": "needs an upload; tests/api/depot/uploads",
    "GET /jobs/{id}": "needs a job; tests/api/jobs",
    "GET /jobs/{id}/log": "needs a job; tests/api/jobs",
    "GET /builds/jobs/{id}": "needs a job; tests/api/jobs",
    "POST /work/claims": "needs the credential of a worker; test_job_tokens",
    "POST /work/jobs/{id}/heartbeat": "needs the token of a job; test_job_tokens",
    "POST /work/jobs/{id}/log": "needs the token of a job; test_job_tokens",
    "POST /work/jobs/{id}/result": "needs the token of a job; test_job_tokens",
    "GET /builds/groups/{id}": "needs a group, else 404 before 401; tests/api/builds",
    "POST /jobs/group/{id}/cancel": "needs a group, else 404 before 401; tests/api/builds",
    "POST /jobs/group/{id}/rebuild": "needs a group, else 404 before 401; tests/api/builds",
    "POST /jobs/group/{id}/promote/{channel}": "needs a group; tests/api/builds",
    "POST /jobs/group/{id}/demote/{channel}": "needs a group; tests/api/builds",
}
"""Operations without a cell, and where their refusals are tested."""
