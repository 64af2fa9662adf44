"""Events of Lambda's HTTP integrations become the event that Chalice takes."""

from typing import Any

import pytest

from chalicelib.http.events import header, rest_event
from chalicelib.http.route_tree import RouteTree

TREE = RouteTree(
    {"/depot/pkgs/{origin}/{pkg}": ("GET",), "/depot/pkgs/search/{query}": ("GET",), "/status": ("GET", "HEAD")}
)


def of_format_2(path: str, method: str = "GET", query: str = "", **more: Any) -> dict[str, Any]:
    """The event of a function URL or an HTTP API."""
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "hab/2"}
    context = {"http": http, "requestId": "id", "stage": "$default"}
    return {"version": "2.0", "rawPath": path, "rawQueryString": query, "requestContext": context, **more}


def of_format_1(path: str, resource: str | None, method: str = "GET", **more: Any) -> dict[str, Any]:
    """The event of a REST API, whose stage is `v1`."""
    context = {
        "resourcePath": resource,
        "httpMethod": method,
        "path": f"/v1{path}",
        "identity": {"sourceIp": "192.0.2.1"},
    }
    return {"resource": resource, "path": path, "httpMethod": method, "requestContext": context, **more}


def test_a_request_gets_the_declared_path_and_its_variables_as_they_were_sent() -> None:
    event = rest_event(of_format_2("/v1/depot/pkgs/acme/a%2Fb"), TREE)

    assert event is not None
    assert event["requestContext"]["resourcePath"] == event["resource"] == "/depot/pkgs/{origin}/{pkg}"
    assert event["pathParameters"] == {"origin": "acme", "pkg": "a%2Fb"}
    assert (event["path"], event["requestContext"]["path"]) == ("/depot/pkgs/acme/a%2Fb", "/v1/depot/pkgs/acme/a%2Fb")


def test_a_literal_takes_precedence_over_a_variable() -> None:
    event = rest_event(of_format_2("/v1/depot/pkgs/search/x"), TREE)

    assert event is not None
    assert event["resource"] == "/depot/pkgs/search/{query}"


@pytest.mark.parametrize(
    ("path", "method"),
    [("/v1/nowhere", "GET"), ("/v1/status", "PUT"), ("/status", "GET"), ("/", "GET"), ("/v1", "GET"), ("", "GET")],
)
def test_other_paths_and_methods_have_no_route(path: str, method: str) -> None:
    assert rest_event(of_format_2(path, method), TREE) is None


def test_query_parameters_are_decoded_and_may_be_repeated_or_blank() -> None:
    event = rest_event(of_format_2("/v1/status", query="a=1&a=%2F&b=&c&d=x+y"), TREE)

    assert event is not None
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "/"], "b": [""], "c": [""], "d": ["x y"]}


def test_a_request_without_a_query_has_no_parameters() -> None:
    event = rest_event(of_format_2("/v1/status"), TREE)

    assert event is not None
    assert event["multiValueQueryStringParameters"] is None


def test_headers_are_lower_case_and_accept_is_never_missing() -> None:
    event = rest_event(of_format_2("/v1/status", headers={"User-Agent": "hab/2"}), TREE)

    assert event is not None
    assert event["headers"] == {"accept": "*/*", "user-agent": "hab/2"}
    assert event["multiValueHeaders"] == {"accept": ["*/*"], "user-agent": ["hab/2"]}


def test_the_address_of_the_client_is_where_chalice_has_it() -> None:
    event = rest_event(of_format_2("/v1/status"), TREE)

    assert event is not None
    assert event["requestContext"]["identity"] == {"sourceIp": "192.0.2.1", "userAgent": "hab/2"}


def test_a_body_stays_encoded() -> None:
    event = rest_event(of_format_2("/v1/status", body="YWJj", isBase64Encoded=True), TREE)

    assert event is not None
    assert (event["body"], event["isBase64Encoded"]) == ("YWJj", True)


@pytest.mark.parametrize("resource", ["/depot/pkgs/{origin}/{pkg}", "/{proxy+}", None])
def test_the_event_of_a_rest_api_is_matched_by_its_path(resource: str | None) -> None:
    event = rest_event(of_format_1("/depot/pkgs/acme/web", resource, headers={"Authorization": "Bearer x"}), TREE)

    assert event is not None
    assert (event["resource"], event["pathParameters"]) == (
        "/depot/pkgs/{origin}/{pkg}",
        {"origin": "acme", "pkg": "web"},
    )
    assert event["headers"] == {"accept": "*/*", "authorization": "Bearer x"}
    assert event["multiValueHeaders"] == {"accept": ["*/*"], "authorization": ["Bearer x"]}


def test_the_event_of_a_rest_api_keeps_its_parameters() -> None:
    event = rest_event(of_format_1("/status", "/status", multiValueQueryStringParameters={"a": ["1", "2"]}), TREE)

    assert event is not None
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}


def test_headers_are_found_in_any_case() -> None:
    assert header({"headers": {"Authorization": "Bearer x"}}, "authorization") == "Bearer x"
    assert header({"headers": None}, "authorization") is None
