"""Webhook events of GitHub (platform.md 2.6)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.client import Depot
from tests.builders import operator_secrets
from tests.builders.operator_secrets import an_operator_secret
from tests.builders.webhooks import MANDATORY, PUSH, SECRET, body_with, notify, signed


@pytest.mark.parametrize("body", [b'{"zen":"Design for failure."}', b"not json", b"", b"\xff\x00"])
def test_the_body_of_a_ping_is_not_parsed(depot: Depot, body: bytes) -> None:
    reply = notify(depot, body, event="ping")

    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/x", None])
def test_a_push_is_accepted_with_every_content_type(depot: Depot, content_type: str | None) -> None:
    reply = notify(depot, body_with(), Content_Type=content_type)

    assert (reply.status, reply.text) == (200, "[]")


def test_a_push_without_commits_is_an_empty_200(depot: Depot) -> None:
    reply = notify(depot, body_with(commits=[]))

    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize("event", ["release", "PUSH", "", None])
def test_other_events_are_an_empty_400(depot: Depot, event: str | None) -> None:
    reply = notify(depot, body_with(), event=event)

    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha1=",
        signed(body_with(), secret="another"),
        signed(body_with()).upper(),
        signed(body_with()).removeprefix("sha1="),
        signed(body_with() + b" "),
        signed(body_with(), "sha256"),
    ],
)
@pytest.mark.parametrize("event", ["push", "ping"])
def test_an_event_that_is_not_signed_with_our_secret_is_an_empty_400(
    depot: Depot, signature: str | None, event: str | None
) -> None:
    reply = notify(depot, body_with(), event=event, X_Hub_Signature=signature)

    assert (reply.status, reply.body) == (400, b"")


def test_of_two_signatures_only_sha_256_counts(depot: Depot) -> None:
    body = body_with()
    right, wrong = signed(body, "sha256"), signed(b"other", "sha256")

    assert notify(depot, body, X_Hub_Signature_256=right, X_Hub_Signature="sha1=0").status == 200
    assert notify(depot, body, X_Hub_Signature_256=wrong).status == 400
    assert notify(depot, body, X_Hub_Signature_256=right, X_Hub_Signature=None).status == 200
    assert notify(depot, body, X_Hub_Signature_256=signed(body)).status == 400


def test_the_signature_covers_the_bytes_as_sent(depot: Depot) -> None:
    assert notify(depot, json.dumps(PUSH, indent=3).encode()).status == 200
    assert notify(depot, json.dumps(PUSH | {"compare": "ü"}, ensure_ascii=False).encode()).status == 200


def test_without_a_configured_secret_every_event_is_refused(depot: Depot, configure: Callable[..., None]) -> None:
    configure(github_webhook_secret="")
    body = body_with()

    assert notify(depot, body, X_Hub_Signature=signed(body, secret="")).status == 400
    assert notify(depot, body, event="ping", X_Hub_Signature=signed(body, secret="")).status == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_push_that_is_not_json_is_an_empty_422(depot: Depot, body: bytes) -> None:
    reply = notify(depot, body)

    assert (reply.status, reply.body) == (422, b"")


@pytest.mark.parametrize("field", MANDATORY)
@pytest.mark.parametrize("value", ["missing", None, 7, []])
def test_a_push_without_a_mandatory_field_is_an_empty_422(depot: Depot, field: str, value: Any) -> None:
    if field == "commits" and value == []:
        return
    assert notify(depot, body_with(**{field: value})).status == 422


@pytest.mark.parametrize("installation", [{}, {"id": None}, {"id": "17"}, {"id": True}])
def test_the_installation_must_have_an_id(depot: Depot, installation: Any) -> None:
    assert notify(depot, body_with(installation=installation)).status == 422


def test_inner_objects_may_be_empty(depot: Depot) -> None:
    reply = notify(depot, body_with(repository={}, pusher={}, sender={}, commits=[{}]))

    assert (reply.status, reply.text) == (200, "[]")


def test_no_token_is_needed_but_an_invalid_one_is_refused(depot: Depot) -> None:
    body = body_with()

    assert notify(depot, body, Authorization="Bearer bobo").status == 200
    assert notify(depot, body, Authorization="Bearer unknown").status == 401


def test_an_event_may_be_larger_than_other_texts(depot: Depot) -> None:
    many = [{"id": str(number), "modified": ["x" * 100]} for number in range(5000)]

    assert notify(depot, body_with(commits=many)).text == "[]"


def test_the_secret_of_a_deployment_is_in_secrets_manager(depot: Depot, configure: Callable[..., None]) -> None:
    secret = an_operator_secret(operator_secrets.WEBHOOK_SECRET, f"{SECRET}\n")
    configure(github_webhook_secret="", github_webhook_secret_arn=secret)

    assert notify(depot, b"{}", event="ping").status == 200
    assert notify(depot, b"{}", event="ping", X_Hub_Signature=signed(b"{}", secret="other")).status == 400
