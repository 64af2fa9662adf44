"""Other people's services over HTTP: registries, repositories and GitHub's notices (platform.md 2.1, 2.2, 2.6).

What talks to them is imported where it is used, because the cold start of all other routes would pay for it.
"""

from typing import TYPE_CHECKING

from chalicelib.core.token_scope import Scope
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.ext.errors import STATUS, InstallationMalformed
from chalicelib.http.answer import EMPTY_200, Answer, json_answer
from chalicelib.http.body import BodyMalformed, BodyTooLarge
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, SESSION, Routes

if TYPE_CHECKING:
    from chalicelib.ext.github import Repository
    from chalicelib.ext.registry import Credentials

routes = Routes("ext", STATUS)

NOTICE_LIMIT = 25 * 1024 * 1024
"""GitHub's own; the gateway's is lower."""


def _credentials(call: Call) -> "Credentials":
    from chalicelib.ext.registry import Credentials

    sent = call.json_object()
    values = [sent.get(field) for field in ("username", "password", "url")]
    if not all(isinstance(value, str | None) for value in values):
        raise BodyMalformed("username, password and url must be strings")
    return Credentials(*values)


@routes.post(
    "/ext/integrations/{registry_type}/credentials/validate", needs=SESSION, scope=Scope.ADMIN, reads=_credentials
)
def validate_credentials(call: Call, credentials: "Credentials") -> Answer:
    """Try a registry's credentials before they are stored as an integration."""
    from chalicelib.ext import registry

    registry.validate(call["registry_type"], credentials)
    return EMPTY_200


@routes.get("/ext/installations/{install_id}/repos/{repo_id}/contents/{path}", needs=SESSION)
def show_content(call: Call) -> Answer:
    """A file of a repository; the web UI looks for plans with it. The path is one segment, slashes encoded."""
    from chalicelib.ext import github

    return json_answer(200, github.file_content(_repository(call), call["path"]))


def _repository(call: Call) -> "Repository":
    from chalicelib.ext.github import Repository

    try:
        return Repository(unsigned(call["install_id"], bits=32), unsigned(call["repo_id"], bits=32))
    except NotUnsigned as problem:
        raise InstallationMalformed from problem


@routes.post("/notify", needs=ANYONE)
def notice(call: Call) -> Answer:
    """What GitHub tells: a ping is answered, a push verified and read (2.6 steps 1-5).

    Which plans a push touches is asked by the build service, which is not there yet; so no plan is named in the answer,
    as the contract has it for plans that are not yet known. GitHub ignores it.
    """
    from chalicelib.ext import notices

    body = call.body.read(NOTICE_LIMIT + 1)
    if len(body) > NOTICE_LIMIT:
        raise BodyTooLarge
    signatures = notices.Signatures(call.header("x-hub-signature"), call.header("x-hub-signature-256"))
    kind = notices.demand_genuine(call.header("x-github-event"), signatures, body)
    if kind == notices.PUSH and notices.read_push(body).commits:
        return json_answer(200, [])
    return EMPTY_200
