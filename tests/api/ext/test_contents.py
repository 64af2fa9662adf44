"""A file of a GitHub repository, read by our App (platform.md 2.1, accounts.md 8.1)."""

import time
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib.ext import github

ACCEPT = "application/json, application/vnd.github.v3+json, application/vnd.github.machine-man-preview+json"
TOKENS = "/app/installations/17/access_tokens"
FILE = "/repositories/42/contents/habitat/plan.sh"
TOLD = {
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
PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


@pytest.fixture
def hub(configure, double):
    """GitHub, with our App installed."""
    configure(github_api_url=f"{double.url}/", github_app_id="4711", github_app_private_key=PEM)
    double.answers("POST", TOKENS, {"token": "ghs_1", "expires_at": "2030-01-01T00:00:00Z"}, status=201)
    double.answers("GET", FILE, TOLD | {"type": "file", "_links": {}})
    return double


def _content(depot, path="habitat%2Fplan.sh", install="17", repo="42", by="bobo"):
    return depot.get(f"/ext/installations/{install}/repos/{repo}/contents/{path}", by=by)


def test_a_file_is_told_as_github_tells_it(depot, hub):
    reply = _content(depot)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.json() == TOLD | {"content": "cGtnX25hbWU9eA=="}
    assert "Cache-Control" not in reply.headers


def test_the_app_proves_itself_and_reads_with_the_token_of_the_installation(depot, hub):
    before = int(time.time())

    _content(depot)

    asked_token, asked_file = hub.asked
    for asked in hub.asked:
        assert (asked.headers["User-Agent"], asked.headers["Accept"]) == ("Habitat-Builder", ACCEPT)
    kind, proof = asked_token.headers["Authorization"].split()
    assert (kind, asked_token.body) == ("Bearer", b"")
    assert jwt.get_unverified_header(proof)["alg"] == "RS256"
    claims = jwt.decode(proof, PRIVATE_KEY.public_key(), algorithms=["RS256"])
    assert claims["iss"] == "4711"
    assert claims["exp"] - claims["iat"] == 100
    assert before <= claims["iat"] <= time.time()
    assert asked_file.headers["Authorization"] == "Bearer ghs_1"


def test_a_key_may_come_with_written_newlines(depot, hub, configure):
    configure(github_api_url=hub.url, github_app_id="4711", github_app_private_key=PEM.replace("\n", "\\n"))

    assert _content(depot).status == 200


def test_content_in_another_encoding_is_left_as_it_is(depot, hub):
    hub.answers("GET", FILE, TOLD | {"encoding": "none", "content": "a\nb"})

    assert _content(depot).json()["content"] == "a\nb"


def test_a_path_is_one_segment_and_stays_encoded_for_github(depot, hub):
    hub.answers("GET", "/repositories/42/contents/a%20b%3F/c%2523", TOLD)

    assert _content(depot, "a%20b%3F%2Fc%2523").status == 200
    assert hub.asked[1].target == "/repositories/42/contents/a%20b%3F/c%2523"


@pytest.mark.parametrize("path", ["..", "a%2F..%2F..%2Fuser", "%2Fetc", "a%2F%2Fb", ".", "a%2F"])
def test_a_path_cannot_climb(depot, hub, path):
    reply = _content(depot, path)

    assert (reply.status, reply.body) == (404, b"")
    assert all(asked.method == "POST" for asked in hub.asked)


def test_what_github_does_not_have_is_an_empty_404(depot, hub):
    reply = _content(depot, "nothing")

    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize("status", [201, 301, 304, 401, 403, 500])
def test_any_other_answer_is_an_empty_403(depot, hub, status):
    hub.answers("GET", FILE, status=status)

    reply = _content(depot)

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("body", [b"[]", b"x", b"{}", b'{"name":"plan.sh"}', b""])
def test_a_directory_or_what_cannot_be_read_is_an_empty_403(depot, hub, body):
    hub.answers("GET", FILE, body=body)

    reply = _content(depot)

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("wrong", [{"size": "12"}, {"size": True}, {"content": None}, {"download_url": 1}])
def test_a_file_with_wrong_types_is_an_empty_403(depot, hub, wrong):
    hub.answers("GET", FILE, TOLD | wrong)

    assert _content(depot).status == 403


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_installation_that_gives_no_token_is_an_empty_403(depot, hub, status):
    hub.answers("POST", TOKENS, {"message": "Bad credentials"}, status=status)

    reply = _content(depot)

    assert (reply.status, reply.body) == (403, b"")
    assert len(hub.asked) == 1


@pytest.mark.parametrize("answer", [{}, [], {"token": ""}, {"token": 1}])
def test_an_answer_without_a_token_is_an_empty_403(depot, hub, answer):
    hub.answers("POST", TOKENS, answer, status=201)

    assert _content(depot).status == 403


@pytest.mark.parametrize(("app_id", "key"), [("", PEM), ("4711", ""), ("4711", "no key")])
def test_without_an_app_that_works_it_is_an_empty_403(depot, hub, configure, app_id, key):
    configure(github_api_url=hub.url, github_app_id=app_id, github_app_private_key=key)

    reply = _content(depot)

    assert (reply.status, reply.body) == (403, b"")
    assert hub.asked == []


@pytest.mark.parametrize("slow", ["silent", "drips"])
def test_github_taking_too_long_is_an_empty_403(depot, hub, monkeypatch, slow):
    monkeypatch.setattr(github, "TOTAL_SECONDS", 0.3)
    hub.answers("GET", FILE, TOLD, **{slow: True})

    reply = _content(depot)

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize(("first_takes", "left"), [(12, github.TOTAL_SECONDS - 12), (60, 0)])
def test_both_calls_share_a_time_limit_well_below_the_gateways(depot, hub, monkeypatch, first_takes, left):
    clock, limits, send = iter([100, 100, 100 + first_takes]), [], github.send
    monkeypatch.setattr(github, "time", SimpleNamespace(monotonic=clock.__next__, time=time.time))
    monkeypatch.setattr(github, "send", lambda request, seconds: (limits.append(seconds), send(request, seconds))[1])

    assert _content(depot).status == (200 if left else 403)
    assert limits == [github.TOTAL_SECONDS, left]
    assert github.TOTAL_SECONDS < 25


@pytest.mark.parametrize(
    ("install", "repo"), [("x", "42"), ("17", "x"), ("4294967296", "42"), ("17", "-1"), ("1e3", "42")]
)
def test_ids_that_are_no_numbers_are_an_empty_404(depot, hub, install, repo):
    reply = _content(depot, install=install, repo=repo)

    assert (reply.status, reply.body) == (404, b"")
    assert _content(depot, install=install, repo=repo, by=None).status == 401


def test_nobody_reads_through_the_app(depot, hub):
    reply = _content(depot, by=None)

    assert (reply.status, reply.body) == (401, b"")
    assert hub.asked == []
