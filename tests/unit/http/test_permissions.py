"""Who may call which operation, and the scope that a named token needs (accounts.md 3.4, 6.3; packages.md 1.1).

The table repeats the contract, so that a wrong declaration is noticed. Every operation that is missing in it needs no
session.
"""

from app import app
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.routes import ACCOUNT_ONLY, ANYONE, JOB, SESSION, WORKER, Needs

PERMISSIONS: dict[tuple[Needs, Scope | None], str] = {
    (SESSION, Scope.READ): """
        GET /profile
        GET /user/invitations
        GET /user/origins
        GET /ext/installations/{install_id}/repos/{repo_id}/contents/{path}
    """,
    (SESSION, Scope.ADMIN): """
        PATCH /profile
        PUT /profile/license
        GET /profile/license
        POST /depot/origins
        POST /depot/origins/{origin}/depart
        PUT /depot/origins/{origin}/invitations/{id}
        DELETE /depot/origins/{origin}/invitations/{id}
        PUT /depot/origins/{origin}/invitations/{id}/ignore
        POST /ext/integrations/{registry_type}/credentials/validate
    """,
    (SESSION, ACCOUNT_ONLY): """
        GET /profile/access-tokens
        POST /profile/access-tokens
        DELETE /profile/access-tokens/{id}
        GET /profile/tokens
        POST /profile/tokens
        DELETE /profile/tokens/{id}
    """,
    (Role.READONLY_MEMBER, Scope.READ): """
        GET /depot/origins/{origin}/encryption_key
        GET /projects/{origin}/{pkg}/jobs
        GET /depot/origins/{origin}/integrations
        GET /depot/origins/{origin}/integrations/{integration}/names
        GET /depot/origins/{origin}/integrations/{integration}/{name}
        GET /depot/origins/{origin}/invitations
        GET /depot/origins/{origin}/users
        GET /settings/{origin}/{pkg}
        GET /projects/{origin}
        GET /projects/{origin}/{pkg}
        GET /projects/{origin}/{pkg}/integrations/{integration}/default
    """,
    (Role.MEMBER, Scope.READ): """
        GET /jobs/{id}
        GET /builds/jobs/{id}
        GET /depot/origins/{origin}/users/{user}/role
        GET /builds/plans/{origin}/{pkg}
        GET /builds/groups/{id}
    """,
    (Role.MEMBER, Scope.UPLOAD): """
        GET /depot/origins/{origin}/secret_keys/latest
        POST /depot/origins/{origin}/keys/latest
        POST /depot/origins/{origin}/keys/{revision}
        POST /depot/pkgs/{origin}/{pkg}/{version}/{release}
        POST /depot/uploads
        GET /depot/uploads/{id}
        DELETE /depot/uploads/{id}
        POST /depot/uploads/{id}/complete
    """,
    (Role.MEMBER, Scope.BUILD): """
        POST /depot/pkgs/schedule/{origin}/{pkg}
        POST /depot/pkgs/schedule/{origin}/status
        POST /jobs/group/{id}/cancel
        POST /jobs/group/{id}/rebuild
    """,
    (SESSION, Scope.PROMOTE): """
        POST /jobs/group/{id}/promote/{channel}
        POST /jobs/group/{id}/demote/{channel}
    """,
    (Role.MEMBER, Scope.ADMIN): """
        DELETE /depot/pkgs/{origin}/{pkg}/{version}/{release}
    """,
    (Role.MAINTAINER, Scope.PROMOTE): """
        POST /depot/channels/{origin}/{channel}
        PUT /depot/channels/{origin}/{channel}/pkgs/promote
        POST /depot/channels/{origin}/{channel}/pkgs/promote
        PUT /depot/channels/{origin}/{channel}/pkgs/demote
        POST /depot/channels/{origin}/{channel}/pkgs/demote
        PUT /depot/channels/{origin}/{channel}/pkgs/{pkg}/{version}/{release}/promote
        PUT /depot/channels/{origin}/{channel}/pkgs/{pkg}/{version}/{release}/demote
        POST /promotions/{origin}
        POST /demotions/{origin}
    """,
    (Role.MAINTAINER, Scope.READ): """
        GET /long-changes/{origin}
        GET /long-changes/{origin}/{id}
    """,
    (Role.MAINTAINER, Scope.ADMIN): """
        DELETE /depot/channels/{origin}/{channel}
        PUT /depot/origins/{origin}/integrations/{integration}/names
        DELETE /depot/origins/{origin}/integrations/{integration}/names
        PUT /depot/origins/{origin}/integrations/{integration}/{name}
        DELETE /depot/origins/{origin}/integrations/{integration}/{name}
        POST /depot/origins/{origin}/users/{user}/invitations
        PATCH /depot/pkgs/{origin}/{pkg}/{version}/{release}/{visibility}
        POST /settings/{origin}/{pkg}
        PUT /settings/{origin}/{pkg}
        DELETE /settings/{origin}/{pkg}
        PUT /deprecations/{origin}/{pkg}
        DELETE /deprecations/{origin}/{pkg}
        PUT /deprecations/{origin}/{pkg}/{version}
        DELETE /deprecations/{origin}/{pkg}/{version}
        PUT /deprecations/{origin}/{pkg}/{version}/{release}
        DELETE /deprecations/{origin}/{pkg}/{version}/{release}
        PUT /unlisted/{origin}/{pkg}/{version}/{release}
        DELETE /unlisted/{origin}/{pkg}/{version}/{release}
        POST /projects
        PUT /projects/{origin}/{pkg}
        DELETE /projects/{origin}/{pkg}
        PATCH /projects/{origin}/{pkg}/{visibility}
        PATCH /projects/{origin}/{pkg}/jobs
        PATCH /projects/{origin}/{pkg}/integrations
        PUT /projects/{origin}/{pkg}/integrations/{integration}/default
        DELETE /projects/{origin}/{pkg}/integrations/{integration}/default
    """,
    (Role.ADMINISTRATOR, Scope.READ): """
        GET /depot/origins/{origin}/secret
        GET /retention/{origin}
        GET /workers/{origin}
    """,
    (Role.ADMINISTRATOR, Scope.ADMIN): """
        PUT /depot/origins/{origin}
        POST /depot/origins/{origin}/keys
        POST /depot/origins/{origin}/secret_keys/latest
        POST /depot/origins/{origin}/secret_keys/{revision}
        POST /depot/origins/{origin}/secret
        DELETE /depot/origins/{origin}/secret/{secret}
        DELETE /depot/origins/{origin}/users/{user}
        PUT /depot/origins/{origin}/users/{user}/role
        PUT /retention/{origin}
        DELETE /retention/{origin}
        POST /retention/{origin}/run
        POST /deletions/{origin}/{pkg}/{version}/{release}
        POST /workers/{origin}
        DELETE /workers/{origin}/{id}
    """,
    (Role.OWNER, Scope.ADMIN): """
        DELETE /depot/origins/{origin}
        POST /depot/origins/{origin}/transfer/{user}
    """,
    (WORKER, Scope.BUILD): """
        POST /work/claims
    """,
    (JOB, Scope.BUILD): """
        POST /work/jobs/{id}/heartbeat
        POST /work/jobs/{id}/log
        POST /work/jobs/{id}/result
    """,
}


def test_every_operation_declares_the_permission_of_the_contract() -> None:
    expected = {
        operation.strip(): permission
        for permission, operations in PERMISSIONS.items()
        for operation in operations.strip().splitlines()
    }
    declared = {route.name: (route.needs, route.needed_scope) for route in app.declared if route.needs is not ANYONE}

    assert declared == expected


def test_only_writes_of_channels_refuse_a_missing_role_with_401() -> None:
    refused_with_401 = {route.name for route in app.declared if route.refused == 401}
    channel_writes = {
        route.name for route in app.declared if route.path.startswith("/depot/channels/") and route.needs is not ANYONE
    }

    assert refused_with_401 == channel_writes
    assert {route.refused for route in app.declared} == {401, 403}
