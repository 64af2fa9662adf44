"""Sign-in at each kind of provider, against a double that sends the documented answers (accounts.md section 5)."""

import base64
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.accounts.sign_in import exchange
from chalicelib.platform.outbound import OutboundRequest, OutboundResponse, send
from tests.api.authenticate.conftest import CLIENT_ID, CLIENT_SECRET, REDIRECT_URL
from tests.api.client import Depot
from tests.builders import operator_secrets
from tests.builders.http_double import HttpDouble, ReceivedRequest
from tests.builders.names import a_name
from tests.builders.operator_secrets import an_operator_secret

CODE = "a%2Fb%2Bc%26d%3D%25"
DECODED_CODE = "a/b+c&d=%"
GRANT = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "grant_type": "authorization_code",
    "code": DECODED_CODE,
    "redirect_uri": REDIRECT_URL,
}
TOKEN = {"access_token": "tok-1", "token_type": "bearer", "scope": "", "expires_in": 3600}
BASIC = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode("latin-1")).decode()
BY_FORM = [
    ("okta", {"sub": "00u1", "preferred_username": "{name}", "email": "n@example.com"}, "n@example.com"),
    ("okta", {"sub": "00u1", "preferred_username": "{name}"}, ""),
    ("chef-automate", {"sub": "c1", "preferred_username": "{name}", "email": "n@example.com"}, "n@example.com"),
    ("azure-ad", {"sub": "az", "upn": "{name}", "email": "ignored@example.com"}, ""),
    ("active-directory", {"sub": "{name}", "email": "ignored@example.com"}, ""),
]


def sign_in(depot: Depot, provider: HttpDouble, user: dict[str, Any]) -> dict[str, Any]:
    name = a_name("user")
    provider.answers("POST", "/token", TOKEN)
    provider.answers("GET", "/user", {field: with_name(value, name) for field, value in user.items()})
    reply = depot.get(f"/authenticate/{CODE}")
    assert reply.status == 200, reply
    session = dict(reply.json())
    assert (session["name"], session["oauth_token"], session["flags"]) == (name, "tok-1", 0)
    profile = depot.get("/profile", by=session["token"]).json()
    assert (profile["id"], profile["name"], profile["email"]) == (session["id"], name, session["email"])
    return session


def with_name(value: Any, name: str) -> Any:
    return value.format(name=name) if isinstance(value, str) else value


def assert_common(
    token_request: ReceivedRequest, user_request: ReceivedRequest, accept: str = "application/json"
) -> None:
    assert token_request.headers["User-Agent"] == user_request.headers["User-Agent"] == "Habitat-Builder"
    assert token_request.headers["Accept"] == "application/json"
    assert user_request.headers["Accept"] == accept
    assert user_request.headers["Authorization"] == "Bearer tok-1"
    assert (token_request.method, user_request.method) == ("POST", "GET")


@pytest.mark.parametrize(("email", "returned"), [("o@example.com", "o@example.com"), (None, ""), ("", "")])
def test_github(depot: Depot, provider: HttpDouble, configured: Callable[..., None], email: Any, returned: str) -> None:
    configured("github")

    session = sign_in(depot, provider, {"id": 583231, "login": "{name}", "email": email})

    token_request, user_request = provider.received
    assert_common(
        token_request,
        user_request,
        "application/json, application/vnd.github.v3+json, application/vnd.github.machine-man-preview+json",
    )
    assert session["email"] == returned
    assert token_request.query == {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": DECODED_CODE}
    assert token_request.body == b""


def test_gitlab(depot: Depot, provider: HttpDouble, configured: Callable[..., None]) -> None:
    configured("gitlab")

    session = sign_in(depot, provider, {"sub": "17", "nickname": "{name}", "email": "g@example.com"})

    token_request, user_request = provider.received
    assert_common(token_request, user_request)
    assert session["email"] == "g@example.com"
    assert token_request.query == GRANT
    assert token_request.body == b""


@pytest.mark.parametrize("field", ["user", "username"])
def test_bitbucket(depot: Depot, provider: HttpDouble, configured: Callable[..., None], field: str) -> None:
    configured("bitbucket")

    session = sign_in(depot, provider, {field: "{name}", "email": "ignored@example.com"})

    token_request, user_request = provider.received
    assert_common(token_request, user_request)
    assert session["email"] == ""
    assert token_request.headers["Authorization"] == BASIC
    assert token_request.form == {"grant_type": "authorization_code", "code": DECODED_CODE}
    assert token_request.query == {}


@pytest.mark.parametrize(("kind", "user", "email"), BY_FORM)
def test_providers_that_expect_a_form(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None], kind: str, user: Any, email: Any
) -> None:
    configured(kind)

    session = sign_in(depot, provider, user)

    token_request, user_request = provider.received
    assert_common(token_request, user_request)
    assert session["email"] == email
    assert token_request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert token_request.form == GRANT
    assert token_request.query == {}


def test_the_same_name_at_the_provider_is_the_same_account(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None]
) -> None:
    configured("github")
    first = sign_in(depot, provider, {"id": 1, "login": "{name}"})
    provider.answers("GET", "/user", {"id": 1, "login": first["name"], "email": "new@example.com"})

    second = depot.get(f"/authenticate/{CODE}").json()

    assert (second["id"], second["email"]) == (first["id"], "new@example.com")
    assert depot.get("/profile", by=second["token"]).json()["email"] == ""


@pytest.mark.parametrize("path", ["/token", "/user"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503, 302])
def test_the_answer_of_a_provider_that_refuses_is_the_body_of_the_401(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None], path: str, status: int
) -> None:
    configured("github")
    provider.answers("POST", "/token", TOKEN)
    provider.answers("POST" if path == "/token" else "GET", path, status=status, body='{"no":"entry – "}'.encode())

    reply = depot.get("/authenticate/x")

    assert (reply.status, reply.text) == (401, '{"no":"entry – "}')
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":"bad_verification_code"}',
        b"{}",
        b"[]",
        b"access_token=tok-1&scope=",
        b"",
        b"\xff",
        b'{"access_token":7}',
        b'{"access_token":""}',
        b'{"access_token":null}',
        b'{"access_token":"split\\r\\nHost: evil"}',
        b'{"access_token":"\xc5\x82"}',
        b"[" * 100_000,
    ],
)
def test_an_answer_without_a_token_is_an_empty_401(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None], body: bytes
) -> None:
    configured("github")
    provider.answers("POST", "/token", body=body)
    provider.answers("GET", "/user", {"id": 1, "login": "unused"})

    reply = depot.get("/authenticate/x")

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize(
    ("kind", "user"),
    [
        ("github", {}),
        ("github", {"id": 1}),
        ("github", {"login": "x"}),
        ("github", {"id": "1", "login": "x"}),
        ("github", {"id": True, "login": "x"}),
        ("github", {"id": 1, "login": ""}),
        ("github", {"id": 1, "login": None}),
        ("github", {"id": 1, "login": "x", "email": 7}),
        ("github", ["x"]),
        ("gitlab", {"sub": "1"}),
        ("gitlab", {"sub": 1, "nickname": "x"}),
        ("bitbucket", {"name": "x"}),
        ("okta", {"sub": "1", "nickname": "x"}),
        ("chef-automate", {"preferred_username": "x"}),
        ("azure-ad", {"sub": "1", "preferred_username": "x"}),
        ("active-directory", {"upn": "x"}),
    ],
)
def test_a_user_object_without_a_needed_field_is_an_empty_401(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None], kind: str, user: Any
) -> None:
    configured(kind)
    provider.answers("POST", "/token", TOKEN)
    provider.answers("GET", "/user", user)

    reply = depot.get("/authenticate/x")

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/token", "http://no-such-host.invalid/token", "nonsense", "http://["]
)
def test_a_provider_that_cannot_be_reached_is_an_empty_401(
    depot: Depot, configured: Callable[..., None], url: str
) -> None:
    configured("okta", oauth_token_url=url)

    reply = depot.get("/authenticate/x")

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize("slow", ["silent", "drips"])
@pytest.mark.parametrize("path", ["/token", "/user"])
def test_a_provider_that_takes_too_long_is_an_empty_401(
    depot: Depot,
    provider: HttpDouble,
    configured: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    slow: str,
    path: str,
) -> None:
    configured("github")
    monkeypatch.setattr(exchange, "TOTAL_SECONDS", 0.3)
    provider.answers("POST", "/token", TOKEN, **{slow: path == "/token"})
    provider.answers("GET", "/user", {"id": 1, "login": a_name("user")}, **{slow: path == "/user"})

    reply = depot.get("/authenticate/x")

    assert (reply.status, reply.body) == (401, b"")
    assert not provider.outwaited


@pytest.mark.parametrize(("first_takes", "left"), [(12, exchange.TOTAL_SECONDS - 12), (60, 0)])
def test_both_calls_share_a_time_limit_well_below_the_gateways(
    depot: Depot,
    provider: HttpDouble,
    configured: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    first_takes: int,
    left: float,
) -> None:
    configured("github")
    provider.answers("POST", "/token", TOKEN)
    clock = iter([100, 100, 100 + first_takes])
    limits: list[float] = []

    def send_with_limit(request: OutboundRequest, seconds: float) -> OutboundResponse:
        limits.append(seconds)
        return send(request, seconds)

    monkeypatch.setattr(exchange, "time", SimpleNamespace(monotonic=clock.__next__))
    monkeypatch.setattr(exchange, "send", send_with_limit)

    assert depot.get("/authenticate/x").status == 401
    assert limits == [exchange.TOTAL_SECONDS, left]
    assert exchange.TOTAL_SECONDS < 25


def test_an_answer_that_is_too_large_is_an_empty_401(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None]
) -> None:
    configured("github")
    provider.answers("POST", "/token", body=b'{"access_token":"x","y":"' + b"y" * 5 * 1024 * 1024 + b'"}')

    assert depot.get("/authenticate/x").status == 401


def test_sessions_and_access_tokens_work_without_functional_test_mode(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None]
) -> None:
    configured("github")
    session = sign_in(depot, provider, {"id": 1, "login": "{name}"})
    token = depot.post("/profile/access-tokens", by=session["token"]).json()["token"]

    assert depot.get("/profile", by=token).json()["id"] == session["id"]
    assert depot.get("/profile", by="bobo").status == 401


def test_the_client_secret_of_a_deployment_is_in_secrets_manager(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None]
) -> None:
    secret = an_operator_secret(operator_secrets.CLIENT_SECRET, f"{CLIENT_SECRET}\n")
    configured("okta", oauth_client_secret="", oauth_client_secret_arn=secret)

    sign_in(depot, provider, {"sub": "00u1", "preferred_username": "{name}"})

    assert provider.received[0].form["client_secret"] == CLIENT_SECRET


def test_without_a_value_of_the_secret_sign_in_is_503(
    depot: Depot, provider: HttpDouble, configured: Callable[..., None]
) -> None:
    secret = an_operator_secret(operator_secrets.CLIENT_SECRET, None)
    configured("okta", oauth_client_secret="", oauth_client_secret_arn=secret)

    assert depot.get(f"/authenticate/{CODE}").status == 503
    assert provider.received == []
