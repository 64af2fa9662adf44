"""The bundle of a job: all that a worker needs to build it (builds.md 9.1). Its `repr` shows no secret."""

import msgspec
from msgspec import Struct

from chalicelib.core.ident import is_origin_name, is_package_name
from chalicelib.core.target import Target

SHORTEST_SECRET = 6
"""Shorter secrets are not removed from logs, because that would remove common words."""

NOT_SECRET = ("username", "registry_url")
"""Fields of the body of an integration that are not secret."""


class Secretive(Struct, frozen=True):
    """A struct whose `repr` shows only its type, because it contains secrets."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Job(Struct, frozen=True):
    """A job. `attempt` counts the workers that have held it, from 1; `channel` is that of the job group."""

    id: str
    group_id: str
    origin: str
    name: str
    target: Target
    attempt: int
    channel: str

    def __post_init__(self) -> None:
        if not (self.id.isascii() and self.id.isdecimal()):
            raise ValueError("the id of the job is not a number")
        if not (is_origin_name(self.origin) and is_package_name(self.name)):
            raise ValueError("the job has no valid package name")


class Project(Struct, frozen=True):
    """Where the plan is: a path in a repository. `vcs_data` is the URL of the repository."""

    plan_path: str
    vcs_data: str


class Clone(Secretive, frozen=True):
    """How to clone the repository. User and password are empty for a public repository."""

    url: str
    username: str = ""
    password: str = ""


class Integration(Secretive, frozen=True):
    """An integration of the origin with its decrypted body, a JSON text or value."""

    name: str
    type: str
    body: object


class ProjectIntegration(Struct, frozen=True):
    """What a project exports with an integration of its origin."""

    integration: str
    body: object


class Secret(Secretive, frozen=True):
    """A decrypted secret of the origin."""

    name: str
    value: str


class Limits(Struct, frozen=True):
    """Limits of a job. `chunk_bytes` limits one request with log lines."""

    seconds: float = 3600
    log_lines: int = 100_000
    log_bytes: int = 32 << 20
    heartbeat_seconds: float = 20
    chunk_bytes: int = 200 << 10


class Bundle(Secretive, frozen=True):
    """A job with all that its worker needs. `token` is for the job alone, `read_token` for the build itself."""

    job: Job
    project: Project
    clone: Clone
    token: str
    read_token: str = ""
    integrations: tuple[Integration, ...] = ()
    project_integrations: tuple[ProjectIntegration, ...] = ()
    secrets: tuple[Secret, ...] = ()
    limits: Limits = Limits()

    def texts_to_hide(self) -> list[str]:
        """Return the lines of all secrets, longest first, which must not appear in a log."""
        bodies = (_strings(integration.body) for integration in self.integrations)
        texts = [self.token, self.read_token, self.clone.password, *(secret.value for secret in self.secrets)]
        texts += [text for body in bodies for text in body]
        lines = {line.strip() for text in texts for line in text.splitlines()}
        return sorted((line for line in lines if len(line) >= SHORTEST_SECRET), key=len, reverse=True)


def json_value(body: object) -> object:
    """Return the body of an integration as a JSON value. A text that is not JSON is returned unchanged."""
    if not isinstance(body, str):
        return body
    try:
        value: object = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    return value


def _strings(body: object) -> list[str]:
    """The passwords and tokens in the body of an integration."""
    value = json_value(body)
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict):
        return []
    return [text for key, text in value.items() if isinstance(text, str) and key not in NOT_SECRET]
