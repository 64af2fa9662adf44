"""JSON schemas of the shapes that routes declare."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, json
from msgspec.structs import fields

from chalicelib.docs.prose import without_references
from chalicelib.http.query import is_required, plain_type
from chalicelib.http.routes import Content, Route

REFERENCE = "#/components/schemas/{name}"

PARAMETERS = {
    "origin": "Name of an origin.",
    "pkg": "Name of a package.",
    "version": "Version of a package.",
    "release": "Release of a package, usually a UTC time of 14 digits.",
    "channel": "Name of a channel.",
    "revision": "Revision of a key, a UTC time of 14 digits.",
    "user": "Name of an account.",
    "visibility": "`public`, `private` or `hidden`.",
    "query": "Words of the names to search for, separated by `/`.",
    "target": "Target of a package. Default: the target that `User-Agent` names, else `x86_64-linux`.",
    "range": "Index of the first row, from 0. The next page begins after `range_end`.",
    "distinct": "Return each name once instead of every release.",
    "code": "Code that the sign-in provider issued.",
    "registry_type": "Type of the registry: `docker`, `amazon` or `azure`.",
    "install_id": "Id of the installation of the GitHub App.",
    "repo_id": "Id of the repository at GitHub.",
    "path": "Path of the file within the repository, slashes encoded as `%2F`.",
    "secret": "Name of a secret.",
    "integration": "Type of an integration, for example `docker`.",
    "name": "Name of an integration.",
    "id": "Id that a list or an earlier answer returned.",
}
"""Descriptions of parameters whose shape does not describe them."""


class Schemas:
    """The schemas of all bodies and answers of some routes. Structs become components that others refer to."""

    def __init__(self, routes: Iterable[Route]) -> None:
        shapes = [shape for route in routes for shape in _shapes_of(route)]
        schemas, components = json.schema_components(shapes, ref_template=REFERENCE)
        names = {name: _readable(schema["title"]) for name, schema in components.items()}
        self.components = {
            names[name]: {**_renamed(schema, names), "title": names[name]} for name, schema in components.items()
        }
        self._by_shape = [(shape, _renamed(schema, names)) for shape, schema in zip(shapes, schemas, strict=True)]

    def content(self, shape: Any) -> dict[str, Any]:
        """Return the content of a body by content type. Empty for an empty body."""
        if shape is None:
            return {}
        if shape is Content.BYTES:
            return {Content.BYTES.value: {}}
        if isinstance(shape, Content):
            return {shape.value: {"schema": {"type": "string"}}}
        return {"application/json": {"schema": next(schema for key, schema in self._by_shape if key == shape)}}


def path_parameters(path: str) -> list[dict[str, Any]]:
    """Return the parameters of a path, in order."""
    return [_parameter(name, "path", True, {"type": "string"}) for name in re.findall(r"{(\w+)}", path)]


def query_parameters(shape: type[Struct] | None) -> list[dict[str, Any]]:
    """Return the parameters that the struct of a query declares."""
    return [] if shape is None else [_query_parameter(field) for field in fields(shape)]


def _query_parameter(field: Any) -> dict[str, Any]:
    schema = json.schema(field.type)
    description = schema.pop("description", None)
    schema = {**json.schema(plain_type(field.type)), **{key: schema[key] for key in schema if key != "anyOf"}}
    if not is_required(field) and field.default is not None:
        schema["default"] = field.default
    return _parameter(field.encode_name, "query", is_required(field), schema, description)


def _parameter(
    name: str, location: str, required: bool, schema: dict[str, Any], description: str | None = None
) -> dict[str, Any]:
    parameter = {"name": name, "in": location, "required": required, "schema": schema}
    description = description or PARAMETERS.get(name)
    return parameter if description is None else {**parameter, "description": description}


def _shapes_of(route: Route) -> list[Any]:
    declared = [route.body, route.optional_body, *route.answers.values()]
    return [shape for shape in declared if shape is not None and not isinstance(shape, Content)]


def _readable(title: str) -> str:
    """`PackageIdentPage` for `Page[PackageIdent]`."""
    generic = re.fullmatch(r"(\w+)\[([\w.]+)\]", title)
    return title if generic is None else generic[2] + generic[1]


def _renamed(schema: Any, names: dict[str, str]) -> Any:
    """A schema with references to the readable names, and without references to the contract in descriptions."""
    if isinstance(schema, list):
        return [_renamed(item, names) for item in schema]
    if not isinstance(schema, dict):
        return schema
    renamed = {key: _renamed(value, names) for key, value in schema.items()}
    if isinstance(schema.get("$ref"), str):
        renamed["$ref"] = REFERENCE.format(name=names[schema["$ref"].rpartition("/")[2]])
    if isinstance(schema.get("description"), str):
        renamed["description"] = without_references(schema["description"])
    return renamed
