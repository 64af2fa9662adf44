"""Requests: retries, refusals in one line, and what never leaves with them."""

from collections.abc import Iterator

import pytest

from bldr.address import Address
from bldr.client import Builder
from bldr.configuration import Credentials
from bldr.errors import AnswerMalformed, Refused, Unreachable
from bldr.files import Slice
from bldr.wire import Wire
from tests.bldr.conftest import IMPATIENT
from tests.builders.http_double import HttpDouble, Scripted, http_double

TOKEN = "_c2VjcmV0"


@pytest.fixture
def double() -> Iterator[HttpDouble]:
    """A server that answers as told."""
    with http_double() as running:
        yield running


@pytest.fixture
def wire(double: HttpDouble) -> Wire:
    """Requests to it."""
    return Wire(Credentials(Address.parse(double.url), TOKEN), IMPATIENT)


def in_turn(double: HttpDouble, *answers: Scripted) -> None:
    """Answer with these, one after the other, whatever is asked."""
    left = list(answers)

    def answer_to(asked):  # type: ignore[no-untyped-def]
        double.asked.append(asked)
        return left.pop(0)

    double.answer_to = answer_to  # type: ignore[method-assign]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_is_tried_again_with_the_whole_body(double, wire, tmp_path, status):
    path = tmp_path / "body"
    path.write_bytes(b"0123456789")
    passed: list[int] = []
    in_turn(double, Scripted(status), Scripted(status), Scripted(201))

    with Slice(path, 2, 5, passed.append) as body:
        wire.ask("POST", "x", to="send", body=body, accept=(201,))

    assert [asked.body for asked in double.asked] == [b"23456"] * 3
    assert double.asked[0].headers["Content-Length"] == "5"
    assert sum(passed) == 5


def test_trouble_that_stays_ends_it(double, wire):
    in_turn(double, *[Scripted(503)] * 3)

    with pytest.raises(Refused, match="is in trouble; try again later") as caught:
        wire.ask("GET", "x", to="look")
    assert caught.value.status == 503


def test_what_must_not_be_repeated_is_sent_once(double, wire):
    in_turn(double, Scripted(503), Scripted(201))

    with pytest.raises(Refused):
        wire.ask("POST", "x", to="make", accept=(201,), repeatable=False)
    assert len(double.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, "", "does not accept the token"),
        (403, "", "does not allow it"),
        (404, "", "has no such thing"),
        (413, "", "takes no body of that size"),
        (422, "ds:up:3", "does not take it (422: ds:up:3)"),
        (422, "\x1b[2Jcleared", "\\x1b[2Jcleared"),
        (501, "", "does not serve that target"),
    ],
)
def test_a_refusal_is_one_printable_line_that_says_why(double, wire, status, body, said):
    in_turn(double, *[Scripted(status, body.encode())] * 3)

    with pytest.raises(Refused) as caught:
        wire.ask("GET", "x", to="do it")

    line = str(caught.value)
    assert line.startswith("cannot do it: 127.0.0.1:")
    assert said in line
    assert line.isprintable()
    assert TOKEN not in line


def test_pages_of_proxies_are_not_quoted(double, wire):
    in_turn(double, Scripted(403, b"<html>long</html>", {"Content-Type": "text/html"}))

    with pytest.raises(Refused, match=r"\(403\)$"):
        wire.ask("GET", "x", to="look")


def test_without_a_token_401_says_that_one_is_needed(double):
    wire = Wire(Credentials(Address.parse(double.url), None), IMPATIENT)
    in_turn(double, Scripted(401))

    with pytest.raises(Refused, match="needs a token"):
        wire.ask("GET", "x", to="look")
    assert "Authorization" not in double.asked[0].headers


def test_nobody_there_is_said_with_the_cause():
    wire = Wire(Credentials(Address.parse("http://127.0.0.1:9"), TOKEN), IMPATIENT)

    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 gives no answer .*refused") as caught:
        wire.ask("GET", "x", to="look")
    assert TOKEN not in str(caught.value)


def test_the_token_goes_to_the_builder_alone(double, wire, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with http_double() as elsewhere:
        elsewhere.answers("GET", "/object", body=b"bytes")
        elsewhere.answers("PUT", "/part")
        double.answers("GET", "/v1/x", status=302, headers={"Location": f"{elsewhere.url}/object"})

        assert wire.ask("GET", "x", to="fetch").content == b"bytes"
        wire.put_elsewhere(f"{elsewhere.url}/part", b"part")

        assert double.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str([asked.headers for asked in elsewhere.asked])
        assert "Authorization" not in elsewhere.asked[1].headers


def test_its_name_is_one_that_front_proxies_do_not_slow_down(double, wire):
    in_turn(double, Scripted(200))
    wire.ask("GET", "x", to="look")

    agent = double.asked[0].headers["User-Agent"]
    assert agent.startswith("habitat-builder-cli/")


def test_a_list_is_read_page_by_page(double, wire):
    def page(numbers: range) -> bytes:
        return str([{"name": number} for number in numbers]).replace("'", '"').encode()

    pages = [Scripted(206, b'{"data":%s}' % page(range(50))), Scripted(200, b'{"data":%s}' % page(range(50, 60)))]
    in_turn(double, *pages)

    assert [row["name"] for row in Builder(wire).search("x", False)] == [*range(60)]
    assert [asked.query["range"] for asked in double.asked] == ["0", "50"]


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        b"[]",
        b'{"ident":{"origin":"acme","name":"w","version":"../..","release":"1"},"checksum":"%s","tdeps":[]}'
        % (b"a" * 64),
        b'{"ident":{"origin":"acme","name":"w","version":"1","release":"1"},"checksum":"short","tdeps":[]}',
    ],
)
def test_an_answer_that_no_builder_gives_is_refused(double, wire, answer):
    from tests.bldr.test_sync_plan import a_package

    in_turn(double, Scripted(200, answer))
    with pytest.raises(AnswerMalformed):
        Builder(wire).find(a_package(1))
