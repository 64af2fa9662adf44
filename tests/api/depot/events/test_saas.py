"""GET /depot/events/saas: the events of the public depot (platform.md 2.4)."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chalicelib.events import service
from chalicelib.platform.config import config, read_config
from tests.api.client import Depot
from tests.builders.http_double import HttpDouble, http_double
from tests.builders.lifetimes import SHARED

PATH = "/v1/depot/events"
DAYS = {"from_date": "2024-3-5", "to_date": "2024-12-6"}


@pytest.fixture
def public_depot(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpDouble]:
    with http_double() as double:
        monkeypatch.setattr(service, "config", replace(config, saas_bldr_url=double.url))
        yield double


def test_the_query_is_forwarded_with_padded_days_and_encoded_values(depot: Depot, public_depot: HttpDouble) -> None:
    public_depot.answers("GET", PATH, {"data": []})
    query = {**DAYS, "range": "75", "channel": " stable&x ", "query": "core/a b"}

    assert depot.get("/depot/events/saas", query=query).status == 200

    (request,) = public_depot.received
    assert request.query == {
        "range": "75",
        "channel": "stable&x",
        "from_date": "2024-03-05",
        "to_date": "2024-12-06",
        "query": "core/a b",
    }
    assert request.headers["User-Agent"] == "Habitat-Builder"


def test_the_token_of_the_caller_is_not_forwarded(depot: Depot, public_depot: HttpDouble) -> None:
    public_depot.answers("GET", PATH, {"data": []})

    assert depot.get("/depot/events/saas", by="bobo", query=DAYS).status == 200

    headers = {name.lower(): value for name, value in public_depot.received[0].headers.items()}
    assert "authorization" not in headers
    assert "bobo" not in str(headers)


def test_a_bad_token_is_401_and_sends_no_request(depot: Depot, public_depot: HttpDouble) -> None:
    assert depot.get("/depot/events/saas", by="no-such-token", query=DAYS).status == 401
    assert public_depot.received == []


@pytest.mark.parametrize("status", [200, 206, 401, 404, 500])
def test_every_status_becomes_200_with_the_same_body(depot: Depot, public_depot: HttpDouble, status: int) -> None:
    public_depot.answers("GET", PATH, body=b'{"data": ["\xc3\xa4"]}', status=status)

    reply = depot.get("/depot/events/saas", query=DAYS)

    assert (reply.status, reply.body) == (200, b'{"data": ["\xc3\xa4"]}')
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"] == SHARED


def test_redirects_are_not_followed(depot: Depot, public_depot: HttpDouble) -> None:
    public_depot.answers("GET", PATH, status=302, headers={"Location": f"{public_depot.url}/elsewhere"})

    assert depot.get("/depot/events/saas", query=DAYS).status == 200
    assert len(public_depot.received) == 1


def test_an_unreachable_depot_is_500_with_a_text(
    depot: Depot, public_depot: HttpDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = replace(config, saas_bldr_url="http://127.0.0.1:9")
    monkeypatch.setattr(service, "config", nowhere)

    reply = depot.get("/depot/events/saas", query=DAYS)

    assert (reply.status, reply.text) == (500, "The public depot could not be reached")


@pytest.mark.parametrize("slow", ["silent", "drips"])
def test_a_depot_that_does_not_answer_in_time_is_500(
    depot: Depot, public_depot: HttpDouble, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    public_depot.answers("GET", PATH, {"data": []}, **{slow: True})
    monkeypatch.setattr(service, "SAAS_SECONDS", 0.2)

    assert depot.get("/depot/events/saas", query=DAYS).status == 500


def test_the_public_depot_is_the_default() -> None:
    assert read_config({}).saas_bldr_url == "https://bldr.habitat.sh"
    assert read_config({"BLDR_SAAS_BLDR_URL": "https://other"}).saas_bldr_url == "https://other"


def test_a_query_that_is_not_utf8_is_422_and_sends_no_request(depot: Depot, public_depot: HttpDouble) -> None:
    assert depot.get("/depot/events/saas", query={**DAYS, "query": "%ff"}).status == 422
    assert public_depot.received == []
