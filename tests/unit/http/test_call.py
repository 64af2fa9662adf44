"""One request as handlers read it (packages.md 1.5, 1.6; platform.md 1.1-1.3)."""

import io
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from chalice.app import MultiDict
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.http.body import BodyMalformed, BodyTooLarge
from chalicelib.http.call import JSON_LIMIT, TEXT_LIMIT, Call
from chalicelib.identity.caller import identify
from chalicelib.platform import site

HAB = "hab/2.1.78 (x86_64-windows; 10.0.19045)"


class Query(Struct):
    """A query."""

    range: int = 0
    target: str | None = None


class Body(Struct):
    """A body."""

    name: str


def call(
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    context: Mapping[str, Any] | None = None,
) -> Call:
    """A call as Chalice would hand it over. Names of headers are in lower case."""
    request = SimpleNamespace(
        path="/depot",
        query_params=None if query is None else MultiDict(dict(query)),
        headers=headers or {},
        raw_body=body,
        context=context,
    )
    return Call(request, path or {}, identify(None))


@pytest.mark.parametrize(
    ("sent", "decoded"),
    [
        ("habitat%2Fplan.sh", "habitat/plan.sh"),
        ("1.0+build", "1.0+build"),
        ("0.0~b1", "0.0~b1"),
        ("100%25", "100%"),
        ("acme%252Fwidget", "acme%2Fwidget"),
        ("%C3%A9", "é"),
    ],
)
def test_path_variables_are_decoded_exactly_once_and_plus_is_literal(sent: str, decoded: str) -> None:
    read = call(path={"name": sent})

    assert (read["name"], read.raw_path["name"]) == (decoded, sent)


def test_the_ident_is_in_the_path() -> None:
    path = {"origin": "acme", "pkg": "widget", "version": "1%2B0", "release": "20240101000000"}

    assert call(path=path).ident == PackageIdent("acme", "widget", "1+0", "20240101000000")


def test_the_last_of_a_repeated_parameter_counts() -> None:
    assert call(query={"range": ["x", "50"], "other": ["1"]}).query_as(Query) == Query(range=50)
    assert call().query_as(Query) == Query()


@pytest.mark.parametrize(
    ("query", "user_agent", "target"),
    [
        (None, None, Target.X86_64_LINUX),
        (None, HAB, Target.X86_64_WINDOWS),
        (["x86_64-linux-kernel2"], HAB, Target.X86_64_LINUX_KERNEL2),
        (None, "hab/2.1.78 (mips-linux; 5)", Target.X86_64_LINUX),
    ],
)
def test_the_target_comes_from_the_query_then_the_user_agent_then_the_default(
    query: list[str] | None, user_agent: str | None, target: Target
) -> None:
    headers = {} if user_agent is None else {"user-agent": user_agent}

    assert call(query=None if query is None else {"target": query}, headers=headers).target is target


@pytest.mark.parametrize("target", ["", "x86_64", "X86_64-linux"])
def test_an_invalid_target_in_the_query_is_refused_even_if_the_user_agent_names_one(target: str) -> None:
    with pytest.raises(TargetUnknown, match=f"^Invalid package target '{target}'$"):
        _ = call(query={"target": [target]}, headers={"user-agent": HAB}).target


@pytest.mark.parametrize(
    ("user_agent", "from_hab"), [(HAB, True), ("hab-sup/1.6", False), ("Mozilla/5.0 hab/", False), ("", False)]
)
def test_only_the_command_line_is_hab(user_agent: str, from_hab: bool) -> None:
    assert call(headers={"user-agent": user_agent}).from_hab is from_hab


def test_a_json_body_is_a_struct() -> None:
    headers = {"content-type": "application/json"}

    assert call(body=b'{"name":"x"}', headers=headers).body_as(Body) == Body("x")
    with pytest.raises(BodyMalformed, match="Content type error"):
        call(body=b'{"name":"x"}').body_as(Body)


def test_a_json_body_has_at_most_two_mebibytes_and_a_text_256_kibibytes() -> None:
    assert (JSON_LIMIT, TEXT_LIMIT) == (2 * 1024 * 1024, 256 * 1024)
    headers = {"content-type": "application/json"}
    largest = b'{"name":"' + b"x" * (JSON_LIMIT - 11) + b'"}'
    assert len(largest) == JSON_LIMIT

    assert call(body=largest, headers=headers).body_as(Body)
    assert call(body=b"x" * TEXT_LIMIT).raw_text()
    with pytest.raises(BodyTooLarge):
        call(body=largest + b" ", headers=headers).body_as(Body)
    with pytest.raises(BodyTooLarge):
        call(body=b"x" * (TEXT_LIMIT + 1)).raw_text()


def test_the_local_front_hands_a_large_body_over_as_a_file() -> None:
    assert call(body=b"", context={"bldrBodyFile": io.BytesIO(b"spooled")}).raw_text() == b"spooled"


def test_the_request_uri_is_the_path_of_the_stage_with_the_query() -> None:
    context = {"path": "/v1/depot/pkgs/acme"}

    assert call(context=context).request_uri == "/v1/depot/pkgs/acme"
    assert call(context=context, query={"checksum": ["a b"], "forced": ["true"]}).request_uri == (
        "/v1/depot/pkgs/acme?checksum=a+b&forced=true"
    )


def test_the_source_address_of_a_request_through_the_distribution_is_what_the_distribution_reports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(site, "sent", lambda key: key == "the key")
    context = {"identity": {"sourceIp": "192.0.2.1"}}
    reported = {"x-bldr-site-key": "the key", "x-bldr-viewer-address": "2001:db8::1"}

    assert call(context=context, headers=reported).source_address == "2001:db8::1"
    assert call(context=context, headers=reported | {"x-bldr-site-key": "guessed"}).source_address == "192.0.2.1"


@pytest.mark.parametrize("context", [None, {}, {"identity": None}, {"identity": {}}])
def test_the_source_address_is_empty_if_the_gateway_does_not_report_it(context: Mapping[str, Any] | None) -> None:
    assert call(context=context).source_address == ""
    assert call(context={"identity": {"sourceIp": "192.0.2.1"}}).source_address == "192.0.2.1"


@given(st.text(min_size=1))
def test_every_path_variable_can_be_sent_encoded(value: str) -> None:
    assert call(path={"name": quote(value, safe="")})["name"] == value
