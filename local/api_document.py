"""`python -m local.api_document`: write docs/API.md, the description of all operations, from their declarations.

Errors that follow from what a declaration needs (an invalid token, a malformed body) are described once; each operation
lists only its own, and all its statuses.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from app import app
from chalicelib.docs import openapi
from chalicelib.docs.operations import TAGS, operation_ids, tag
from chalicelib.docs.parameters import PATH, query_parameters
from chalicelib.docs.prose import details, reasons, summary
from chalicelib.docs.schemas import Schemas
from chalicelib.http.routes import ACCOUNT_ONLY, ANYONE, JOB, SESSION, WORKER, Content, Needs, Route
from chalicelib.http.statuses import declared_statuses, implied, refusals
from local.shape_table import type_text

DOCUMENT = Path(__file__).parents[1] / "docs" / "API.md"
COMMAND = "python -m local.api_document"
INTRODUCTION = """\
# The API

`{command}` writes this document from the declarations of the operations; do not edit it. A running service has
the same facts for programs, at `/v1/openapi.json`. [The contract](contract/README.md) has the details of the operations
of the Builder API, and [ORIGINS.md](ORIGINS.md) explains those that we add.

All paths are below `/v1`. A token is sent as `Authorization: Bearer TOKEN`. {rules}
"""
CALLERS: dict[Needs, str] = {
    ANYONE: "anyone",
    SESSION: "a signed-in account",
    WORKER: "a worker",
    JOB: "the worker that holds the job",
}
KINDS = {Content.TEXT: "text", Content.BYTES: "bytes", Content.HTML: "HTML"}


def main() -> int:
    """Write the document and return the exit status."""
    DOCUMENT.write_text(markdown(app.declared))
    return 0


def markdown(routes: Sequence[Route]) -> str:
    """Return the document of some routes."""
    described = [route for route in routes if route.can_succeed]
    operations = _operations(described)
    schemas = Schemas(described)
    lines = [*_introduction(), *_common(described), *_variables()]
    for area in sorted(TAGS):
        of_area = [each for each in operations if tag(each[0].path) == area]
        lines += _area(area, of_area, operation_ids(described), schemas)
    lines += _shapes(schemas.components)
    return "\n".join(lines) + "\n"


def _operations(routes: Iterable[Route]) -> list[list[Route]]:
    """Return the routes in order of paths. Those that differ only in path and method are one operation."""
    together: dict[object, list[Route]] = {}
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        same = (route.handler, route.needs, route.needed_scope, route.query, repr(route.answers), route.errors)
        together.setdefault(same, []).append(route)
    return list(together.values())


def _introduction() -> Iterator[str]:
    yield INTRODUCTION.format(command=COMMAND, rules=openapi.INTRODUCTION.replace("\n\n", " "))
    areas = ", ".join(f"[{area}](#{area.replace(' ', '-')})" for area in sorted(TAGS))
    yield f"Operations by area: {areas}. At the end: [shapes of JSON](#shapes-of-json)."
    yield ""


def _common(routes: Sequence[Route]) -> Iterator[str]:
    yield "## Errors of many operations"
    yield ""
    yield "An operation lists all its statuses, and describes only those that are not described here."
    yield ""
    yield "| status | reason |"
    yield "| --- | --- |"
    every = {kind for route in routes for kind in implied(route)}
    by_status: dict[int, list[type[Exception]]] = {}
    for kind in sorted(every, key=lambda kind: kind.__name__):
        by_status.setdefault(app.errors.status_of(kind) or HTTPStatus.FORBIDDEN, []).append(kind)
    for status, kinds in sorted(by_status.items()):
        yield f"| {status} | {_one_line(reasons(kinds))} |"
    yield ""


def _variables() -> Iterator[str]:
    yield "## Variables of paths"
    yield ""
    yield "| variable | meaning | example |"
    yield "| --- | --- | --- |"
    for name, (meaning, example) in sorted(PATH.items()):
        yield f"| `{{{name}}}` | {meaning} | `{example}` |"
    yield ""


def _area(area: str, operations: Sequence[Sequence[Route]], ids: dict[str, str], schemas: Schemas) -> Iterator[str]:
    yield f"## {area.capitalize()}"
    yield ""
    yield TAGS[area]
    yield ""
    yield "| operation | caller | named tokens | purpose |"
    yield "| --- | --- | --- | --- |"
    for routes in operations:
        first = routes[0]
        for route in routes:
            link = f"[`{route.method} {route.path}`](#{ids[first.name]})"
            yield f"| {link} | {_caller(route)} | {_named_tokens(route)} | {summary(route)} |"
    yield ""
    for routes in operations:
        yield from _operation(routes, ids[routes[0].name], schemas)


def _operation(routes: Sequence[Route], name: str, schemas: Schemas) -> Iterator[str]:
    route = routes[0]
    statuses = sorted(status for status in declared_statuses(route, app.errors) if status not in route.answers)
    yield f"### {name}"
    yield ", ".join(f"`{each.method} {each.path}`" for each in routes) + f"; errors {_listed(statuses)}"
    yield from (f"- {_one_line(paragraph)}" for paragraph in details(route))
    yield from (f"- query {line}" for line in _query(route))
    body = route.body or route.optional_body
    if body is not None:
        yield f"- body: {_content(body, schemas)}{'' if route.optional_body is None else ', optional'}"
    for status, shape in sorted(route.answers.items()):
        yield f"- **{status}**: {'empty' if shape is None else _content(shape, schemas)}"
    common = set(implied(route))
    for status, kinds in refusals(route, app.errors).items():
        own = [kind for kind in kinds if kind not in common]
        if own:
            yield f"- **{status}**: {_one_line(reasons(own))}"
    yield ""


def _caller(route: Route) -> str:
    caller = CALLERS.get(route.needs)
    if caller is None:
        return (
            f"{route.needs}" if route.refused == HTTPStatus.FORBIDDEN else f"{route.needs}, otherwise {route.refused}"
        )
    return f"{caller}; private packages: members" if route.hides_private else str(caller)


def _named_tokens(route: Route) -> str:
    if route.needs in (ANYONE, WORKER, JOB):
        return ""
    return "refused" if route.needed_scope is ACCOUNT_ONLY else f"`{route.needed_scope}`"


def _query(route: Route) -> Iterator[str]:
    for parameter in query_parameters(route.query):
        required = ", required" if parameter.get("required") else ""
        yield f"`{parameter['name']}`{required}: {_one_line(parameter['description'])}"


def _content(shape: Any, schemas: Schemas) -> str:
    if isinstance(shape, Content):
        return KINDS[shape]
    (content,) = schemas.answer(shape).values()
    return f"JSON, {type_text(content['schema'])}"


def _shapes(components: dict[str, Any]) -> Iterator[str]:
    yield "## Shapes of JSON"
    yield ""
    yield "A member with `?` may be missing."
    yield ""
    yield "| shape | meaning | members |"
    yield "| --- | --- | --- |"
    for name, schema in sorted(components.items()):
        required = schema.get("required", ())
        members = [
            f"`{member}`{'' if member in required else '?'} {type_text(kind)}"
            for member, kind in schema.get("properties", {}).items()
        ]
        meaning = _one_line(schema.get("description", ""))
        yield f'| <a id="shape-{name}"></a>{name} | {meaning} | {"; ".join(members) or type_text(schema)} |'


def _listed(statuses: Sequence[int]) -> str:
    """Return statuses, or a word for all of them: an operation that passes on an answer may return any."""
    return "any" if len(statuses) > 100 else ", ".join(map(str, statuses))


def _one_line(text: str) -> str:
    """Return a text of several lines or items as one line."""
    return " ".join(line.removeprefix("- ") for line in text.split("\n") if line)


if __name__ == "__main__":
    sys.exit(main())
