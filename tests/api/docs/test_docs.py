"""The description of the API, over HTTP."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib.http.routes import ANYONE, Content, Route
from chalicelib.http.statuses import declared_statuses
from tests.api.client import Depot
from tests.builders.cost import function_calls

UPLOAD = "/depot/pkgs/{origin}/{pkg}/{version}/{release}"
INTERNAL = r"\.(md|py)\b|[Ss]ections? \d|\b\d+\.\d+\b|\bstep \d|import|contract|reference|\(\)|docstring|handler"
"""What users of the API cannot know: sections of the contract, files, functions, imports."""

OPERATIONS = [route for route in app.declared if route.can_succeed]
ROUTES = pytest.mark.parametrize("route", OPERATIONS, ids=lambda route: route.name)


@pytest.fixture(scope="module")
def document(depot: Depot) -> dict[str, Any]:
    """The document as clients get it."""
    return dict(depot.get("/openapi.json").json())


def operation_of(document: dict[str, Any], route: Route) -> dict[str, Any]:
    return dict(document["paths"][route.path][route.method.lower()])


def texts_in(value: Any) -> Iterator[str]:
    """All descriptions and summaries in a document."""
    if isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("description", "summary") and isinstance(item, str):
                yield item
            yield from texts_in(item)


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert [str(problem) for problem in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_operation_is_described_once_under_its_own_id(document: dict[str, Any]) -> None:
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    ids = [operation_of(document, route)["operationId"] for route in OPERATIONS]

    assert described == {route.name for route in OPERATIONS}
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert all(operation_of(document, route)["summary"] for route in OPERATIONS)


def test_only_routes_that_refuse_every_request_are_left_out() -> None:
    others = [(route.path, dict(route.answers)) for route in app.declared if route not in OPERATIONS]

    assert others == [("/status", {405: None})] * 5 + [
        ("/depot/pkgs/{origin}/{pkg}/{version}/latest", {422: Content.TEXT})
    ]


def test_every_tag_is_described(document: dict[str, Any]) -> None:
    used = {tag for route in OPERATIONS for tag in operation_of(document, route)["tags"]}

    assert [tag["name"] for tag in document["tags"]] == sorted(used)
    assert all(tag["description"] for tag in document["tags"])


@ROUTES
def test_every_variable_of_a_path_is_a_parameter(document: dict[str, Any], route: Route) -> None:
    parameters = operation_of(document, route)["parameters"]

    in_path = [parameter["name"] for parameter in parameters if parameter["in"] == "path"]
    assert in_path == re.findall(r"{(\w+)}", route.path)
    assert all(parameter["required"] for parameter in parameters if parameter["in"] == "path")


@ROUTES
def test_parameters_have_simple_types_descriptions_and_examples(document: dict[str, Any], route: Route) -> None:
    types = {"string": str, "integer": int, "boolean": bool}
    for parameter in operation_of(document, route)["parameters"]:
        assert type(parameter["example"]) is types[parameter["schema"]["type"]]
        assert parameter["description"]


@ROUTES
def test_a_declared_query_and_body_are_described(document: dict[str, Any], route: Route) -> None:
    operation = operation_of(document, route)

    assert ("query" in {parameter["in"] for parameter in operation["parameters"]}) == (route.query is not None)
    has_body = route.body is not None or route.optional_body is not None
    assert ("requestBody" in operation) == has_body
    if has_body:
        assert operation["requestBody"]["required"] == (route.optional_body is None)
        assert operation["requestBody"]["content"]


@ROUTES
def test_every_declared_status_is_described(document: dict[str, Any], route: Route) -> None:
    responses = operation_of(document, route)["responses"]

    described = {int(status) for status in responses if status != "default"}
    declared = declared_statuses(route, app.errors)
    assert described == (declared & described if "default" in responses else declared)
    for status, shape in route.answers.items():
        assert ("content" in responses[str(status)]) == (shape is not None)


@ROUTES
def test_security_names_the_scope_of_named_tokens(document: dict[str, Any], route: Route) -> None:
    security = operation_of(document, route)["security"]

    if route.needs is ANYONE:
        assert security == [{}, {"bearer": []}]
    else:
        assert security == [{"bearer": [] if route.needed_scope is None else [route.needed_scope]}]


def test_shapes_have_short_names_and_descriptions(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert [name for name in schemas if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []


@ROUTES
def test_texts_are_for_users_of_the_api(document: dict[str, Any], route: Route) -> None:
    assert [text for text in texts_in(operation_of(document, route)) if re.search(INTERNAL, text)] == []


def test_descriptions_of_shapes_are_for_users_of_the_api(document: dict[str, Any]) -> None:
    assert [text for text in texts_in(document["components"]) if re.search(INTERNAL, text)] == []


def test_an_upload_is_described_with_its_permission(document: dict[str, Any]) -> None:
    upload = document["paths"][UPLOAD]["post"]

    assert "Needs the role `member` or higher in the origin" in upload["description"]
    assert "A named token needs the scope `upload`." in upload["description"]


def test_the_document_is_the_same_in_every_answer(depot: Depot, document: dict[str, Any]) -> None:
    assert json.dumps(depot.get("/openapi.json").json()) == json.dumps(document)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_the_api_is_described_once_per_process(depot: Depot, path: str) -> None:
    first = depot.get(path)

    with function_calls(at_most=5_000):
        assert depot.get(path).body == first.body


def test_the_page_lists_every_operation(depot: Depot) -> None:
    page = depot.get("/docs")

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for route in app.declared:
        assert f"<code>{route.name}</code>" in page.text


class _Page(HTMLParser):
    """What a page loads, runs and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.style = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        if self.elements[-1:] == ["style"] and not self.style:
            self.style = data


def test_the_policy_of_the_page_allows_its_style_sheet_and_nothing_else(depot: Depot) -> None:
    reply = depot.get("/docs")

    page = _Page(reply.text)
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    policy = dict(part.split(" ", 1) for part in reply.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert page.elements.count("style") == 1
    assert set(page.elements) == {"html", "meta", "title", "style", "h1", "p", "code", "a", "table", "tr", "td"}
    assert page.attributes == {"lang", "charset", "href"}
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/status", "/depot/origins/absent", "/profile"])
def test_browsers_do_not_guess_types_or_show_answers_in_frames(depot: Depot, path: str) -> None:
    reply = depot.get(path)

    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Frame-Options"] in ("SAMEORIGIN", "DENY")
