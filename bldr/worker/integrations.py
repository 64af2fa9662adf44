"""Check the integrations of a project before its build (builds.md 9.2, step 2). Pure."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from bldr.worker.bundle import Bundle, Integration, Secretive, json_value

Text = Annotated[str, Meta(min_length=1)]
T = TypeVar("T")


class Tags(Struct, frozen=True):
    """Where a project exports its container image to, and with which tags."""

    docker_hub_repo_name: Text
    latest_tag: bool
    version_tag: bool
    version_release_tag: bool
    custom_tag: str | None = None


class Registry(Secretive, frozen=True):
    """The account of an origin at a container registry."""

    username: Text
    password: Text
    registry_url: str | None = None


class Export(Secretive, frozen=True):
    """An export to do after the build. `type` is the type of the registry."""

    tags: Tags
    registry: Registry
    type: str


class IntegrationInvalid(Exception):
    """An integration cannot be used; `str()` is the text for the log and quotes no value."""


def exports_of(bundle: Bundle) -> tuple[Export, ...]:
    """Return the exports that the project's integrations ask for. Raises IntegrationInvalid."""
    by_name = {integration.name: integration for integration in bundle.integrations}
    exports = []
    for wanted in bundle.project_integrations:
        integration = by_name.get(wanted.integration)
        if integration is None:
            raise IntegrationInvalid(f"the origin has no integration '{wanted.integration}'")
        tags = _converted(wanted.body, Tags, f"the integration '{wanted.integration}' of the project")
        exports.append(_export(tags, integration))
    return tuple(exports)


def _export(tags: Tags, integration: Integration) -> Export:
    owner = f"the integration '{integration.name}' of the origin"
    return Export(tags, _converted(integration.body, Registry, owner), integration.type)


def _converted(body: object, shape: type[T], owner: str) -> T:
    try:
        return msgspec.convert(json_value(body), shape)
    except msgspec.ValidationError as problem:
        field = str(problem).rpartition("`$.")[2].partition("`")[0] if "`$." in str(problem) else ""
        detail = f": {field} has the wrong type" if field else f": {_missing(str(problem))}"
        raise IntegrationInvalid(f"{owner} is not valid{detail}") from None


def _missing(problem: str) -> str:
    """The part of msgspec's message that names a missing field; it quotes no value."""
    return problem if "missing required field" in problem else "it is not an object with the required fields"
