"""JSON schemas of the shapes that routes declare."""

import re
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

from msgspec import json

from chalicelib.docs.prose import without_references
from chalicelib.http.routes import Content, Route

REFERENCE = "#/components/schemas/{name}"


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

    def answer(self, shape: Any) -> dict[str, Any]:
        """Return the content of an answer by content type. Empty for an empty body."""
        return {} if shape is None else self._content(shape)

    def request(self, shape: Any) -> dict[str, Any]:
        """Return the content of a request body by content type.

        Raw bodies are accepted with any content type. Keys and other texts are described as bytes, because client
        generators cannot send `text/plain`.
        """
        return self._content(Content.BYTES if isinstance(shape, Content) else shape)

    def _content(self, shape: Any) -> dict[str, Any]:
        if shape is Content.BYTES:
            return {Content.BYTES.value: {"schema": {"type": "string", "format": "binary"}}}
        if isinstance(shape, Content):
            return {shape.value: {"schema": {"type": "string"}}}
        return {"application/json": {"schema": next(schema for key, schema in self._by_shape if key == shape)}}


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
        renamed["description"] = without_references(cleandoc(schema["description"]))
    return renamed
