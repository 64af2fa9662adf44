"""GitHub's notices (platform.md 2.6)."""

import hashlib
import hmac
import json

import pytest

SECRET = "it's a secret ü"
PUSHED = {
    "ref": "refs/heads/main",
    "before": "0" * 40,
    "after": "1" * 40,
    "created": False,
    "deleted": False,
    "forced": False,
    "base_ref": None,
    "compare": "https://github.com/acme/plans/compare/0...1",
    "commits": [{"id": "1" * 40, "added": [], "removed": [], "modified": ["nginx/habitat/plan.sh"]}],
    "head_commit": None,
    "repository": {"id": 42, "clone_url": "https://github.com/acme/plans.git"},
    "pusher": {"name": "bobo"},
    "sender": {},
    "installation": {"id": 17},
}
MANDATORY = [field for field in PUSHED if field not in ("base_ref", "head_commit")]


@pytest.fixture(autouse=True)
def _secret(configure):
    configure(github_webhook_secret=SECRET)


def _signed(body, name="sha1", secret=SECRET):
    return f"{name}={hmac.new(secret.encode(), body, getattr(hashlib, name)).hexdigest()}"


def _notify(depot, body, event="push", **headers):
    named = {"X-GitHub-Event": event, "X-Hub-Signature": _signed(body)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return depot.post("/notify", body=body, headers={name: value for name, value in named.items() if value is not None})


def _body(**changes):
    return json.dumps({field: value for field, value in (PUSHED | changes).items() if value != "missing"}).encode()


@pytest.mark.parametrize("body", [b'{"zen":"Design for failure."}', b"not json", b"", b"\xff\x00"])
def test_a_ping_is_answered_without_being_read(depot, body):
    reply = _notify(depot, body, event="ping")

    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/x", None])
def test_a_push_is_taken_whatever_its_content_type(depot, content_type):
    reply = _notify(depot, _body(), Content_Type=content_type)

    assert (reply.status, reply.text) == (200, "[]")


def test_a_push_without_commits_is_an_empty_200(depot):
    reply = _notify(depot, _body(commits=[]))

    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize("event", ["release", "PUSH", "", None])
def test_other_events_are_an_empty_400(depot, event):
    reply = _notify(depot, _body(), event=event)

    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha1=",
        _signed(_body(), secret="another"),
        _signed(_body()).upper(),
        _signed(_body()).removeprefix("sha1="),
        _signed(_body() + b" "),
        _signed(_body(), "sha256"),
    ],
)
@pytest.mark.parametrize("event", ["push", "ping"])
def test_what_is_not_signed_with_our_secret_is_an_empty_400(depot, signature, event):
    reply = _notify(depot, _body(), event=event, X_Hub_Signature=signature)

    assert (reply.status, reply.body) == (400, b"")


def test_of_two_signatures_the_stronger_counts(depot):
    body = _body()
    right, wrong = _signed(body, "sha256"), _signed(b"other", "sha256")

    assert _notify(depot, body, X_Hub_Signature_256=right, X_Hub_Signature="sha1=0").status == 200
    assert _notify(depot, body, X_Hub_Signature_256=wrong).status == 400
    assert _notify(depot, body, X_Hub_Signature_256=right, X_Hub_Signature=None).status == 200
    assert _notify(depot, body, X_Hub_Signature_256=_signed(body)).status == 400


def test_the_signature_is_of_the_bytes_that_came(depot):
    assert _notify(depot, json.dumps(PUSHED, indent=3).encode()).status == 200
    assert _notify(depot, json.dumps(PUSHED | {"compare": "ü"}, ensure_ascii=False).encode()).status == 200


def test_without_a_secret_everything_is_refused(depot, configure):
    configure(github_webhook_secret="")
    body = _body()

    assert _notify(depot, body, X_Hub_Signature=_signed(body, secret="")).status == 400
    assert _notify(depot, body, event="ping", X_Hub_Signature=_signed(body, secret="")).status == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_push_that_is_no_json_is_an_empty_422(depot, body):
    reply = _notify(depot, body)

    assert (reply.status, reply.body) == (422, b"")


@pytest.mark.parametrize("field", MANDATORY)
@pytest.mark.parametrize("value", ["missing", None, 7, []])
def test_a_push_without_a_mandatory_field_is_an_empty_422(depot, field, value):
    if field == "commits" and value == []:
        return
    assert _notify(depot, _body(**{field: value})).status == 422


@pytest.mark.parametrize("installation", [{}, {"id": None}, {"id": "17"}, {"id": True}])
def test_the_installation_must_have_an_id(depot, installation):
    assert _notify(depot, _body(installation=installation)).status == 422


def test_inner_objects_may_be_empty(depot):
    reply = _notify(depot, _body(repository={}, pusher={}, sender={}, commits=[{}]))

    assert (reply.status, reply.text) == (200, "[]")


def test_no_session_is_needed_but_a_bad_one_is_refused(depot):
    body = _body()

    assert _notify(depot, body, Authorization="Bearer bobo").status == 200
    assert _notify(depot, body, Authorization="Bearer nobody").status == 401


def test_a_notice_may_be_larger_than_a_key(depot):
    many = [{"id": str(number), "modified": ["x" * 100]} for number in range(5000)]

    assert _notify(depot, _body(commits=many)).text == "[]"
