"""Registration of routes on the application."""

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.app import App
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Content, Routes
from chalicelib.identity.errors import STATUS as IDENTITY_ERRORS
from chalicelib.platform import site
from chalicelib.platform.aws import SecretUnavailable
from chalicelib.platform.config import config


class Refused(Exception):
    """An error of a domain."""


def a_domain(path: str) -> Routes:
    """A domain with one route that answers with its path."""
    routes = Routes(path, {Refused: 418})

    @routes.get(path, needs=ANYONE, answers={200: str})
    def show(call: Call) -> Answer:
        return json_answer(200, path)

    return routes


def an_event(path: str) -> dict[str, Any]:
    """The event of a GET as Lambda sends it."""
    path = f"/v1{path}"
    return {"rawPath": path, "rawQueryString": "", "requestContext": {"http": {"method": "GET", "path": path}}}


class Later:
    """A domain that is registered later; counts how often it was loaded."""

    def __init__(self) -> None:
        self.loads = 0

    def __call__(self) -> list[Routes]:
        self.loads += 1
        return [a_domain("/later")]


def an_app(later: Later) -> App:
    app = App("probe", IDENTITY_ERRORS, paths={"/now": ("GET",), "/later": ("GET",)})
    app.register(a_domain("/now"))
    app.register_later(later)
    return app


def test_a_request_for_a_registered_path_loads_no_other_domain() -> None:
    later = Later()

    answer = an_app(later)(an_event("/now"), None)

    assert (answer["statusCode"], json.loads(answer["body"]), later.loads) == (200, "/now", 0)


def test_a_request_for_another_path_loads_the_other_domains_once() -> None:
    later = Later()
    app = an_app(later)

    answers = [app(an_event("/later"), None) for _ in range(2)]

    assert [json.loads(answer["body"]) for answer in answers] == ["/later", "/later"]
    assert later.loads == 1


def test_an_error_of_a_domain_that_is_not_registered_yet_has_its_status() -> None:
    class RefusedLater(Exception):
        """An error of the domain that is registered later."""

    now = Routes("now")

    @now.get("/now", needs=ANYONE, answers={200: None}, errors=(RefusedLater,))
    def refuse(call: Call) -> Answer:
        raise RefusedLater

    app = App("probe")
    app.register(now)
    app.register_later(lambda: [Routes("later", {RefusedLater: 418})])

    assert app(an_event("/now"), None)["statusCode"] == 418


def test_listing_the_routes_shows_all_domains() -> None:
    assert [route.path for route in an_app(Later()).declared] == ["/now", "/later"]
    assert set(an_app(Later()).routes) == {"/now", "/later"}


def test_listing_the_routes_after_a_request_shows_all_domains() -> None:
    app = an_app(Later())
    app(an_event("/now"), None)

    assert set(app.routes) == {"/now", "/later"}


def test_an_event_that_is_no_request_is_refused_and_not_fatal() -> None:
    assert an_app(Later())({}, None)["statusCode"] == 404


def test_a_request_is_matched_to_a_declared_path_before_its_domain_is_loaded() -> None:
    later = Later()
    app = an_app(later)

    assert (app(an_event("/now"), None)["statusCode"], later.loads) == (200, 0)
    assert (app(an_event("/nowhere"), None)["statusCode"], later.loads) == (404, 0)
    assert (app(an_event("/later"), None)["statusCode"], later.loads) == (200, 1)


def test_an_unknown_path_is_401_for_an_invalid_token() -> None:
    event = an_event("/nowhere") | {"headers": {"authorization": "Bearer \x00"}}

    assert an_app(Later())(event, None)["statusCode"] == 401


def test_text_that_is_not_utf_8_is_sent_as_it_is() -> None:
    routes = Routes("foreign")

    @routes.get("/foreign", needs=ANYONE, answers={200: Content.TEXT})
    def show(call: Call) -> Answer:
        return Answer(200, b"caf\xe9", "application/json")

    app = App("probe")
    app.register(routes)
    answer = app(an_event("/foreign"), None)

    assert (answer["isBase64Encoded"], base64.b64decode(answer["body"])) == (True, b"caf\xe9")


def test_an_answer_that_a_function_could_not_return_is_refused_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    routes = Routes("large")

    @routes.get("/large", needs=ANYONE, answers={200: str})
    def show(call: Call) -> Answer:
        return json_answer(200, "x" * 5_000_000)

    app = App("probe")
    app.register(routes)
    with caplog.at_level("ERROR", "habitat-builder"):
        answer = app(an_event("/large"), None)

    assert (answer["statusCode"], answer["body"]) == (
        422,
        "The answer would have 5000002 bytes; 5000000 are allowed at most",
    )
    [line] = caplog.records
    assert (line.message, line.__dict__["route"]) == ("answer too large", "GET /large")


def test_the_errors_of_a_domain_are_registered_with_its_routes() -> None:
    app = App("probe")
    app.register(a_domain("/now"))

    assert app.errors.status_of(Refused) == 418


def test_parts_are_registered_with_their_domain() -> None:
    domain = a_domain("/whole")
    domain.include(a_domain("/part"))
    app = App("probe")
    app.register(domain)

    assert [route.path for route in app.declared] == ["/whole", "/part"]


@pytest.mark.parametrize(("key", "status"), [("the key", 200), ("guessed", 403), (None, 403)])
def test_requests_that_did_not_come_through_the_distribution_can_be_refused(
    monkeypatch: pytest.MonkeyPatch, key: str | None, status: int
) -> None:
    monkeypatch.setattr("chalicelib.http.app.config", replace(config, only_through_site=True))
    monkeypatch.setattr(site, "sent", lambda sent: sent == "the key")
    event = an_event("/now") | {"headers": {} if key is None else {"X-Bldr-Site-Key": key}}

    assert an_app(Later())(event, None)["statusCode"] == status


def test_a_distribution_whose_key_cannot_be_read_makes_requests_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_: str | None) -> bool:
        raise SecretUnavailable("site-key")

    monkeypatch.setattr("chalicelib.http.app.config", replace(config, only_through_site=True))
    monkeypatch.setattr(site, "sent", unavailable)

    assert an_app(Later())(an_event("/now"), None)["statusCode"] == 503
