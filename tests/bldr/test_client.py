"""The client of a Builder: paged lists, and responses that do not have the expected shape."""

import json

import pytest

from bldr.address import Address
from bldr.client import Builder
from bldr.config import Credentials
from bldr.errors import ResponseMalformed
from bldr.http_transport import HttpTransport
from tests.bldr.builders import a_package, respond_in_turn
from tests.bldr.command_line import FAST_RETRIES
from tests.builders.http_double import HttpDouble, Scripted

IDENT = {"origin": "acme", "name": "widget", "version": "1", "release": "1"}
PACKAGE = {"ident": IDENT, "checksum": "a" * 64, "tdeps": [], "channels": ["stable"]}


@pytest.fixture
def builder(double: HttpDouble) -> Builder:
    """A client of the scripted server."""
    return Builder(HttpTransport(Credentials(Address.parse(double.url), None), FAST_RETRIES))


def a_page(status: int, numbers: range) -> Scripted:
    """A page of search results."""
    rows = [{"origin": "acme", "name": f"p{number}", "version": None, "release": None} for number in numbers]
    return Scripted(status, json.dumps({"data": rows}).encode())


def test_a_list_is_read_page_by_page(double: HttpDouble, builder: Builder) -> None:
    respond_in_turn(double, a_page(206, range(50)), a_page(200, range(50, 60)))

    assert [row.name for row in builder.search("x", all_releases=False)] == [f"p{number}" for number in range(60)]
    assert [request.query["range"] for request in double.received] == ["0", "50"]


def test_a_package_is_returned_with_its_details(double: HttpDouble, builder: Builder) -> None:
    respond_in_turn(double, Scripted(200, json.dumps(PACKAGE).encode()))

    details = builder.find(a_package(1))

    assert details is not None
    assert (details.checksum, details.channels) == ("a" * 64, frozenset({"stable"}))


@pytest.mark.parametrize(
    "change",
    [
        {"ident": {**IDENT, "version": "../.."}},
        {"ident": {**IDENT, "version": "1\\2"}},
        {"ident": {**IDENT, "origin": "Acme"}},
        {"tdeps": [{**IDENT, "release": "1/2"}]},
        {"checksum": "short"},
        {"checksum": "a" * 64 + "\n"},
        {"checksum": None},
    ],
)
def test_a_package_with_an_invalid_ident_or_checksum_is_refused(
    double: HttpDouble, builder: Builder, change: dict[str, object]
) -> None:
    respond_in_turn(double, Scripted(200, json.dumps({**PACKAGE, **change}).encode()))

    with pytest.raises(ResponseMalformed, match="unexpected response"):
        builder.find(a_package(1))


@pytest.mark.parametrize(
    ("body", "message"), [(b"no json", "is not JSON"), (b"\xff", "is not JSON"), (b"[]", "unexpected response")]
)
def test_a_response_of_another_kind_is_refused(double: HttpDouble, builder: Builder, body: bytes, message: str) -> None:
    respond_in_turn(double, Scripted(200, body))

    with pytest.raises(ResponseMalformed, match=message):
        builder.find(a_package(1))
