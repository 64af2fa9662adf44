"""Files of GitHub repositories, read through our App (platform.md 2.1, accounts.md 8.1)."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from chalicelib.github import installation
from chalicelib.platform.outbound import OutboundRequest, OutboundResponse, send
from tests.api.client import Depot, Reply
from tests.builders.github import PEM, PRIVATE_KEY
from tests.builders.http_double import HttpDouble

ACCEPT = "application/json, application/vnd.github.v3+json, application/vnd.github.machine-man-preview+json"
TOKENS = "/app/installations/17/access_tokens"
FILE = "/repositories/42/contents/habitat/plan.sh"
GITHUB_FILE: dict[str, Any] = {
    "name": "plan.sh",
    "path": "habitat/plan.sh",
    "sha": "abc",
    "size": 12,
    "url": "https://api.github.com/x",
    "html_url": "https://github.com/x",
    "git_url": "https://api.github.com/y",
    "download_url": "https://raw.githubusercontent.com/x",
    "content": "cGtnX25h\nbWU9eA==\n",
    "encoding": "base64",
}


@pytest.fixture
def hub(configure: Callable[..., None], double: HttpDouble) -> HttpDouble:
    """The double of GitHub, with our App installed."""
    configure(github_api_url=f"{double.url}/", github_app_id="4711", github_app_private_key=PEM)
    double.answers("POST", TOKENS, {"token": "ghs_1", "expires_at": "2030-01-01T00:00:00Z"}, status=201)
    double.answers("GET", FILE, GITHUB_FILE | {"type": "file", "_links": {}})
    return double


def get_content(
    depot: Depot, path: str = "habitat%2Fplan.sh", install: str = "17", repo: str = "42", by: str | None = "bobo"
) -> Reply:
    return depot.get(f"/ext/installations/{install}/repos/{repo}/contents/{path}", by=by)


def test_a_file_is_returned_as_github_describes_it(depot: Depot, hub: HttpDouble) -> None:
    reply = get_content(depot)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.json() == GITHUB_FILE | {"content": "cGtnX25hbWU9eA=="}
    assert "Cache-Control" not in reply.headers


def test_the_app_authenticates_itself_and_reads_with_the_token_of_the_installation(
    depot: Depot, hub: HttpDouble
) -> None:
    before = int(time.time())

    get_content(depot)

    token_request, file_request = hub.received
    for request in hub.received:
        assert (request.headers["User-Agent"], request.headers["Accept"]) == ("Habitat-Builder", ACCEPT)
    kind, proof = token_request.headers["Authorization"].split()
    assert (kind, token_request.body) == ("Bearer", b"")
    assert jwt.get_unverified_header(proof)["alg"] == "RS256"
    claims = jwt.decode(proof, PRIVATE_KEY.public_key(), algorithms=["RS256"])
    assert claims["iss"] == "4711"
    assert claims["exp"] - claims["iat"] == 100
    assert before <= claims["iat"] <= time.time()
    assert file_request.headers["Authorization"] == "Bearer ghs_1"


def test_newlines_of_the_key_may_be_escaped(depot: Depot, hub: HttpDouble, configure: Callable[..., None]) -> None:
    configure(github_api_url=hub.url, github_app_id="4711", github_app_private_key=PEM.replace("\n", "\\n"))

    assert get_content(depot).status == 200


def test_content_in_another_encoding_is_not_changed(depot: Depot, hub: HttpDouble) -> None:
    hub.answers("GET", FILE, GITHUB_FILE | {"encoding": "none", "content": "a\nb"})

    assert get_content(depot).json()["content"] == "a\nb"


def test_the_path_is_one_segment_and_is_encoded_again_for_github(depot: Depot, hub: HttpDouble) -> None:
    hub.answers("GET", "/repositories/42/contents/a%20b%3F/c%2523", GITHUB_FILE)

    assert get_content(depot, "a%20b%3F%2Fc%2523").status == 200
    assert hub.received[1].target == "/repositories/42/contents/a%20b%3F/c%2523"


@pytest.mark.parametrize("path", ["..", "a%2F..%2F..%2Fuser", "%2Fetc", "a%2F%2Fb", ".", "a%2F"])
def test_a_path_cannot_leave_the_repository(depot: Depot, hub: HttpDouble, path: str) -> None:
    reply = get_content(depot, path)

    assert (reply.status, reply.body) == (404, b"")
    assert all(request.method == "POST" for request in hub.received)


def test_a_file_that_does_not_exist_is_an_empty_404(depot: Depot, hub: HttpDouble) -> None:
    reply = get_content(depot, "nothing")

    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize("status", [201, 301, 304, 401, 403, 500])
def test_any_other_answer_is_an_empty_403(depot: Depot, hub: HttpDouble, status: int) -> None:
    hub.answers("GET", FILE, status=status)

    reply = get_content(depot)

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("body", [b"[]", b"x", b"{}", b'{"name":"plan.sh"}', b""])
def test_a_directory_or_an_unreadable_answer_is_an_empty_403(depot: Depot, hub: HttpDouble, body: bytes) -> None:
    hub.answers("GET", FILE, body=body)

    reply = get_content(depot)

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("wrong", [{"size": "12"}, {"size": True}, {"content": None}, {"download_url": 1}])
def test_a_file_with_wrong_types_is_an_empty_403(depot: Depot, hub: HttpDouble, wrong: dict[str, Any]) -> None:
    hub.answers("GET", FILE, GITHUB_FILE | wrong)

    assert get_content(depot).status == 403


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_installation_that_refuses_a_token_is_an_empty_403(depot: Depot, hub: HttpDouble, status: int) -> None:
    hub.answers("POST", TOKENS, {"message": "Bad credentials"}, status=status)

    reply = get_content(depot)

    assert (reply.status, reply.body) == (403, b"")
    assert len(hub.received) == 1


@pytest.mark.parametrize("answer", [{}, [], {"token": ""}, {"token": 1}])
def test_an_answer_without_a_token_is_an_empty_403(depot: Depot, hub: HttpDouble, answer: Any) -> None:
    hub.answers("POST", TOKENS, answer, status=201)

    assert get_content(depot).status == 403


@pytest.mark.parametrize(("app_id", "key"), [("", PEM), ("4711", ""), ("4711", "no key")])
def test_without_an_app_and_its_key_the_answer_is_an_empty_403(
    depot: Depot, hub: HttpDouble, configure: Callable[..., None], app_id: str, key: str
) -> None:
    configure(github_api_url=hub.url, github_app_id=app_id, github_app_private_key=key)

    reply = get_content(depot)

    assert (reply.status, reply.body) == (403, b"")
    assert hub.received == []


@pytest.mark.parametrize("slow", ["silent", "drips"])
def test_github_taking_too_long_is_an_empty_403(
    depot: Depot, hub: HttpDouble, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    monkeypatch.setattr(installation, "TOTAL_SECONDS", 0.3)
    hub.answers("GET", FILE, GITHUB_FILE, **{slow: True})

    reply = get_content(depot)

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize(("first_takes", "left"), [(12, installation.TOTAL_SECONDS - 12), (60, 0)])
def test_both_calls_share_a_time_limit_well_below_the_gateways(
    depot: Depot, hub: HttpDouble, monkeypatch: pytest.MonkeyPatch, first_takes: int, left: float
) -> None:
    clock = iter([100, 100, 100 + first_takes])
    limits: list[float] = []

    def send_with_limit(request: OutboundRequest, seconds: float) -> OutboundResponse:
        limits.append(seconds)
        return send(request, seconds)

    monkeypatch.setattr(installation, "time", SimpleNamespace(monotonic=clock.__next__, time=time.time))
    monkeypatch.setattr(installation, "send", send_with_limit)

    assert get_content(depot).status == (200 if left else 403)
    assert limits == [installation.TOTAL_SECONDS, left]
    assert installation.TOTAL_SECONDS < 25


@pytest.mark.parametrize(
    ("install", "repo"), [("x", "42"), ("17", "x"), ("4294967296", "42"), ("17", "-1"), ("1e3", "42")]
)
def test_ids_that_are_not_32_bit_numbers_are_an_empty_404(
    depot: Depot, hub: HttpDouble, install: str, repo: str
) -> None:
    reply = get_content(depot, install=install, repo=repo)

    assert (reply.status, reply.body) == (404, b"")
    assert get_content(depot, install=install, repo=repo, by=None).status == 401


def test_anonymous_callers_do_not_read_through_the_app(depot: Depot, hub: HttpDouble) -> None:
    reply = get_content(depot, by=None)

    assert (reply.status, reply.body) == (401, b"")
    assert hub.received == []
