"""The OpenAPI document of single declarations."""

from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct, field

from chalicelib.core.explained import Explained
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.docs.openapi import document
from chalicelib.docs.prose import permission, without_references
from chalicelib.http.answer import EMPTY_200, Answer
from chalicelib.http.call import Call
from chalicelib.http.errors import ErrorTable, PassedOn
from chalicelib.http.paging import pages_of
from chalicelib.http.query import REFUSED_LATER
from chalicelib.http.routes import ACCOUNT_ONLY, ANYONE, SESSION, Content, Route
from chalicelib.identity.errors import STATUS as IDENTITY


class Missing(Exception):
    """The thing does not exist (packages.md 1.2)."""


class Conflict(Missing):
    """The thing exists.

    Details that are about the service.
    """


class Explaining(Explained):
    """The thing is broken."""


class Broken(Exception):
    """The thing is broken in silence."""


class Refused(PassedOn):
    """Another service refused."""


class Query(Struct):
    """Which rows to return."""

    channel: Annotated[str, Meta(description="Channel to list.")]
    range: int = 0
    flag: bool | None = None
    target: Annotated[str | None, REFUSED_LATER] = None
    start: int = field(default=1, name="from")


class Body(Struct):
    """A thing to store (section 7)."""

    name: str
    note: str | None = None


ERRORS = ErrorTable(IDENTITY, {Missing: 404, Explaining: 410, Broken: 410})


def handle(_: Call) -> Answer:
    """Do something with version 3.1 of a thing (9.4). It is not stored.

    It may take long (packages.md 1.2).
    """
    return EMPTY_200


def described(method: str = "GET", needs: Any = ANYONE, **more: Any) -> dict[str, Any]:
    """The description of a route at `/things/{origin}`."""
    route = Route(method, "/things/{origin}", handle, needs, **more)
    return dict(document([route], ERRORS)["paths"]["/things/{origin}"][method.lower()])


def test_the_first_sentence_of_the_docstring_is_the_summary_and_the_rest_the_description() -> None:
    operation = described()

    assert operation["summary"] == "Do something with version 3.1 of a thing"
    assert operation["description"] == "It is not stored.\n\nIt may take long.\n\nNo token is needed."


def test_a_query_becomes_parameters_whose_null_is_their_absence() -> None:
    assert described(query=Query)["parameters"][1:] == [
        {
            "name": "channel",
            "in": "query",
            "required": True,
            "schema": {"type": "string"},
            "description": "Channel to list.",
            "example": "stable",
        },
        {
            "name": "range",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "default": 0},
            "description": "Index of the first row, from 0. The next page begins after `range_end`.",
            "example": 0,
        },
        {"name": "flag", "in": "query", "required": False, "schema": {"type": "boolean"}},
        {
            "name": "target",
            "in": "query",
            "required": True,
            "schema": {"type": "string"},
            "description": "Target of a package. Default: the target that `User-Agent` names, else `x86_64-linux`.",
            "example": "x86_64-linux",
        },
        {
            "name": "from",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "default": 1},
            "description": "Number of the first part to return a URL for.",
            "example": 1,
        },
    ]


@pytest.mark.parametrize(
    ("declaration", "required", "content"),
    [
        ({"body": Body}, True, {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}),
        ({"optional_body": Body}, False, {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}),
        (
            {"body": Content.TEXT},
            True,
            {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        ),
        (
            {"body": Content.BYTES},
            True,
            {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        ),
    ],
)
def test_a_body_is_described_by_its_content(
    declaration: dict[str, Any], required: bool, content: dict[str, Any]
) -> None:
    assert described("POST", **declaration)["requestBody"] == {"required": required, "content": content}


def test_answers_refer_to_the_schemas_of_their_shapes() -> None:
    route = Route("GET", "/things", handle, ANYONE, answers={**pages_of(PackageIdent), 202: None, 203: list[Body]})

    made = document([route], ERRORS)

    responses = made["paths"]["/things"]["get"]["responses"]
    page = {"application/json": {"schema": {"$ref": "#/components/schemas/PackageIdentPage"}}}
    assert (responses["200"]["content"], responses["206"]["content"]) == (page, page)
    assert responses["202"] == {"description": "Accepted"}
    assert responses["203"]["content"]["application/json"]["schema"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Body"},
    }
    schemas = made["components"]["schemas"]
    assert list(schemas) == ["Body", "PackageIdent", "PackageIdentPage"]
    assert schemas["PackageIdentPage"]["properties"]["data"]["items"] == {"$ref": "#/components/schemas/PackageIdent"}
    assert schemas["Body"]["description"] == "A thing to store."


def test_errors_are_described_by_status_with_their_first_paragraph() -> None:
    responses = described(errors=(Missing, Conflict))["responses"]

    assert responses["404"] == {"description": "- The thing does not exist.\n- The thing exists."}
    assert responses["503"]["description"] == "The service is temporarily unavailable. Repeat the request."
    assert "Retry-After" in responses["503"]["headers"]


@pytest.mark.parametrize(
    ("errors", "content", "description"),
    [
        ((Explaining,), {"text/plain": {"schema": {"type": "string"}}}, "The thing is broken."),
        ((Broken,), None, "The thing is broken in silence."),
        ((Explaining, Broken), None, "- The thing is broken. The body says why.\n- The thing is broken in silence."),
    ],
)
def test_a_text_is_content_if_every_error_of_the_status_has_one(
    errors: tuple[type[Exception], ...], content: Any, description: str
) -> None:
    response = described(errors=errors)["responses"]["410"]

    assert (response.get("content"), response["description"]) == (content, description)


def test_a_text_comes_before_another_body_of_the_same_status() -> None:
    """Client generators use the first content, and a text that is parsed as JSON would be an error."""
    content = described(errors=(Explaining,), answers={200: None, 410: Body})["responses"]["410"]["content"]

    assert list(content) == ["text/plain", "application/json"]


def test_a_route_that_refuses_every_request_is_left_out() -> None:
    assert document([Route("PUT", "/things", handle, ANYONE, answers={405: None})], ERRORS)["paths"] == {}


def test_refusals_of_another_service_are_the_default_response() -> None:
    assert described(errors=(Refused,))["responses"]["default"] == {"description": "Another service refused."}


@pytest.mark.parametrize(
    ("declaration", "security", "sentence"),
    [
        ({"needs": ANYONE}, [{}, {"bearer": []}], "No token is needed."),
        ({"needs": ANYONE, "hides_private": True}, [{}, {"bearer": []}], "Only members see private"),
        ({"needs": SESSION}, [{"bearer": ["read"]}], "A named token needs the scope `read`."),
        ({"needs": SESSION, "scope": ACCOUNT_ONLY}, [{"bearer": []}], "Named tokens are refused."),
        (
            {"needs": Role.MEMBER, "scope": Scope.UPLOAD, "refused": 401},
            [{"bearer": ["upload"]}],
            "Needs the role `member` or higher in the origin; without it the status is 401. "
            "A named token needs the scope `upload`.",
        ),
    ],
)
def test_the_permission_is_described_in_words_and_as_security(
    declaration: dict[str, Any], security: list[dict[str, list[str]]], sentence: str
) -> None:
    operation = described(**declaration)

    assert operation["security"] == security
    assert sentence in operation["description"]


def test_a_permission_is_one_line() -> None:
    for needs in (ANYONE, SESSION, *Role):
        assert "\n" not in permission(Route("GET", "/x", handle, needs))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Return a page (9.4).", "Return a page."),
        ("Return a page (packages.md 9.4, platform.md 2).", "Return a page."),
        ("Publish (section 7), then answer.", "Publish, then answer."),
        ("Measured in hours (at most 24).", "Measured in hours (at most 24)."),
    ],
)
def test_references_to_the_contract_are_left_out(text: str, shown: str) -> None:
    assert without_references(text) == shown
