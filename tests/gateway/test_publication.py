"""Uploads whose publication takes long, also behind a proxy that does not wait (platform.md 4.4, U6)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.builders.gateway import Gateway, a_gateway
from tests.builders.impatient_front import impatient_front
from tests.builders.raw_server import AcceptingApi, RawServer, raw_server, response
from tests.builders.waiting import PATIENCE

UPLOAD = "/v1/depot/pkgs/demo/tool/1.0/20240101000000"
QUERY = {"target": "x86_64-linux", "checksum": "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"}
PENDING = response("202 Accepted", b"{}")
PUBLISHED = response("201 Created", b"published")


@pytest.fixture(scope="module")
def api() -> Iterator[RawServer]:
    """An API whose responses each test sets."""
    with raw_server(AcceptingApi()) as server:
        yield server


@pytest.fixture(scope="module")
def brief_gateway(api: RawServer) -> Iterator[Gateway]:
    """A gateway that answers a client after a second, as it must behind a proxy that waits only so long."""
    with a_gateway(api.url, BLDR_GATEWAY_ANSWER="1") as running:
        yield running


@pytest.fixture(scope="module")
def patient_gateway(api: RawServer) -> Iterator[Gateway]:
    """A gateway that lets a client wait."""
    with a_gateway(api.url) as running:
        yield running


class PublishesLate(AcceptingApi):
    """An API that publishes an upload only when the test says so."""

    def __init__(self, outcome: bytes = PUBLISHED) -> None:
        super().__init__()
        self.outcome = outcome
        self.overridden["POST complete"] = PENDING

    def publish(self) -> None:
        """Let the next request for the completion succeed."""
        self.overridden["POST complete"] = self.outcome


@contextmanager
def hab(url: str, after_each_response: Callable[[httpx.Response], None]) -> Iterator[httpx.Client]:
    """Yield a client that closes each connection and follows up to ten redirects, as hab does (hab-observed.md)."""
    with httpx.Client(
        base_url=url,
        headers={"Authorization": "Bearer bobo", "Connection": "close"},
        event_hooks={"response": [after_each_response]},
        follow_redirects=True,
        max_redirects=10,
        timeout=PATIENCE,
    ) as client:
        yield client


def upload(client: httpx.Client) -> httpx.Response:
    """Upload an archive of three bytes, chunked."""
    return client.post(UPLOAD, params=QUERY, content=iter([b"abc"]))


def test_a_client_is_redirected_until_its_upload_is_published(brief_gateway: Gateway, api: RawServer) -> None:
    api.respond = late = PublishesLate()
    api.received.clear()

    first = upload(brief_gateway.http)
    second = brief_gateway.http.get(first.headers["Location"])
    late.publish()
    last = brief_gateway.http.get(second.headers["Location"])

    assert (first.status_code, first.headers["Location"]) == (303, "/v1/gateway/uploads/1/1")
    assert (second.status_code, second.headers["Location"]) == (303, "/v1/gateway/uploads/1/2")
    assert first.headers["Cache-Control"] == second.headers["Cache-Control"] == "private, no-store"
    assert (last.status_code, last.text) == (201, "published")
    assert not [request for request in api.received if request.line.startswith("DELETE")]
    completions = [request for request in api.received if request.line.endswith("/complete")]
    assert {request.header("authorization") for request in completions} == {"Bearer bobo"}


def test_hab_gets_the_status_of_the_upload_through_a_proxy_that_does_not_wait_for_it(
    brief_gateway: Gateway, api: RawServer
) -> None:
    api.respond = late = PublishesLate()
    locations: list[str | None] = []

    def note(reply: httpx.Response) -> None:
        locations.append(reply.headers.get("Location"))
        if len(locations) == 2:
            late.publish()

    with impatient_front(str(brief_gateway.http.base_url), 15) as front, hab(front, note) as client:
        reply = upload(client)

    assert (reply.status_code, reply.text) == (201, "published")
    assert locations == ["/v1/gateway/uploads/1/1", "/v1/gateway/uploads/1/2", None]


def test_a_gateway_that_answers_later_than_its_proxy_waits_loses_the_client(
    patient_gateway: Gateway, api: RawServer
) -> None:
    api.respond = late = PublishesLate()

    with impatient_front(str(patient_gateway.http.base_url), 1) as front, hab(front, lambda _: None) as client:
        reply = upload(client)
    late.publish()

    assert reply.status_code == 504


def test_a_refusal_reaches_a_redirected_client(brief_gateway: Gateway, api: RawServer) -> None:
    api.respond = late = PublishesLate(response("422 Unprocessable Entity", b"ds:up:5"))
    late.publish()

    reply = brief_gateway.http.get("/v1/gateway/uploads/1/3")

    assert (reply.status_code, reply.text) == (422, "ds:up:5")


def test_redirects_end(brief_gateway: Gateway, api: RawServer) -> None:
    api.respond = PublishesLate()

    assert brief_gateway.http.get("/v1/gateway/uploads/1/9").status_code == 504
    assert "an upload was not published after 9 redirects: 504" in brief_gateway.log


def test_the_gateway_is_healthy_while_the_api_fails(brief_gateway: Gateway, api: RawServer) -> None:
    api.respond = lambda _: b""

    assert brief_gateway.http.get("/v1/gateway/health").status_code == 200
