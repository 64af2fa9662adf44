"""External services over HTTP: registries, repositories and GitHub's webhook (platform.md 2.1, 2.2, 2.6)."""

from __future__ import annotations

from chalicelib.core.deferred import deferred
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.ext import shapes
from chalicelib.ext.errors import (
    STATUS,
    BldrTomlUnreadable,
    CredentialsIncomplete,
    CredentialsWrong,
    NoticeRefused,
    PlanUnreadable,
    PushMalformed,
    PushTooLarge,
    PushUnfinished,
    RegistryUnreachable,
    RegistryUrlMalformed,
    RepositoryMissing,
)
from chalicelib.github.errors import ContentMissing, GitHubFailed
from chalicelib.github.shapes import RepositoryFile
from chalicelib.http.answer import EMPTY_200, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, SESSION, Content, Routes

with deferred():
    from chalicelib.ext import notices, pushes, registry
    from chalicelib.github import installation
    from chalicelib.identity import github_reader

routes = Routes("ext", STATUS)

NOTICE_LIMIT = 25 * 1024 * 1024
"""GitHub's own limit. The limit of a request is lower."""


@routes.post(
    "/ext/integrations/{registry_type}/credentials/validate",
    needs=SESSION,
    scope=Scope.ADMIN,
    body=shapes.RegistryCredentials,
    answers={200: None},
    errors=(CredentialsIncomplete, CredentialsWrong, RegistryUnreachable, RegistryUrlMalformed),
)
def validate_credentials(call: Call, body: shapes.RegistryCredentials) -> Answer:
    """Check the credentials of a container registry by signing in. They are not stored."""
    registry.validate(call["registry_type"], body)
    return EMPTY_200


@routes.get(
    "/ext/installations/{install_id}/repos/{repo_id}/contents/{path}",
    needs=SESSION,
    answers={200: RepositoryFile},
    errors=(ContentMissing, GitHubFailed, RepositoryMissing),
)
def show_content(call: Call) -> Answer:
    """Return a file of a GitHub repository. The path of the file is one percent-encoded segment.

    Files of a private repository are only for accounts that may read it at GitHub, where accounts are those of GitHub.
    """
    installation_id, repository_id = _unsigned(call["install_id"]), _unsigned(call["repo_id"])
    reader = github_reader.reader_of(call.caller.require_session())
    opened = installation.Installation(installation_id)
    if reader is not None:
        opened.repository(repository_id, reader)
    return json_answer(200, opened.described_file(repository_id, call["path"]))


def _unsigned(text: str) -> int:
    try:
        return unsigned(text, bits=32)
    except NotUnsigned as problem:
        raise RepositoryMissing from problem


@routes.post(
    "/notify",
    needs=ANYONE,
    body=Content.BYTES,
    answers={200: None},
    errors=(
        BldrTomlUnreadable,
        GitHubFailed,
        NoticeRefused,
        PlanUnreadable,
        PushMalformed,
        PushTooLarge,
        PushUnfinished,
    ),
)
def receive_event(call: Call) -> Answer:
    """Receive a webhook event of GitHub. A push with commits starts builds; all other events get an empty answer.

    The answer to a push is a JSON list of the plans that it touches, each as a pair of an object (`name`, `origin`,
    `version`) and a target. GitHub signs events with a shared secret, so no session is needed. A repeat of a delivery
    starts nothing twice.
    """
    body = call.body_within(NOTICE_LIMIT)
    signatures = notices.Signatures(call.header("x-hub-signature"), call.header("x-hub-signature-256"))
    kind = notices.verified_kind(call.header("x-github-event"), signatures, body)
    push = notices.read_push(body) if kind == notices.PUSH else None
    if push is None or not push.commits:
        return EMPTY_200
    return json_answer(200, pushes.receive(push, call.header("x-github-delivery")))
