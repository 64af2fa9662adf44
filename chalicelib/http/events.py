"""The events of Lambda's HTTP integrations, as the one that Chalice takes (platform.md 4.6).

A function URL and an HTTP API send payload format 2.0, of which the local front sends the same; a REST API sends
format 1.0. Both become the event of a REST API, whose resource is the declared path that the request matches.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from chalicelib.http.route_tree import Match, RouteTree

PREFIX = "/v1"


def rest_event(event: Mapping[str, Any], tree: RouteTree) -> dict[str, Any] | None:
    """Return the event for Chalice, or None if no route is declared for its method and path."""
    is_new = "rawPath" in event
    context = event.get("requestContext") or {}
    method = str(context["http"]["method"] if is_new else context.get("httpMethod") or event.get("httpMethod"))
    path = str(event["rawPath"] if is_new else event.get("path") or "")
    match = tree.match(path.removeprefix(PREFIX)) if path.startswith(f"{PREFIX}/") or not is_new else None
    if match is None or method not in match.methods:
        return None
    common = {
        "resource": match.resource,
        "path": path.removeprefix(PREFIX),
        "httpMethod": method,
        "pathParameters": dict(match.variables),
        "stageVariables": None,
        "body": event.get("body"),
        "isBase64Encoded": bool(event.get("isBase64Encoded")),
    }
    parts = _of_format_2(event, match) if is_new else _of_format_1(event, match, method)
    return common | parts


def _of_format_2(event: Mapping[str, Any], match: Match) -> dict[str, Any]:
    context = event["requestContext"]
    http = context["http"]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True, errors="replace"):
        query.setdefault(name, []).append(value)
    return {
        "headers": _accepting(headers),
        "multiValueHeaders": {name: [value] for name, value in _accepting(headers).items()},
        "multiValueQueryStringParameters": query or None,
        "requestContext": {
            **context,
            "resourcePath": match.resource,
            "httpMethod": http["method"],
            "path": event["rawPath"],
            "identity": {"sourceIp": http.get("sourceIp"), "userAgent": http.get("userAgent")},
        },
    }


def _of_format_1(event: Mapping[str, Any], match: Match, method: str) -> dict[str, Any]:
    context = event.get("requestContext") or {}
    multi = {name.lower(): values for name, values in (event.get("multiValueHeaders") or {}).items()}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    multi = {name: [value] for name, value in headers.items()} | multi
    return {
        "headers": _accepting(headers),
        "multiValueHeaders": {"accept": ["*/*"]} | multi,
        "multiValueQueryStringParameters": event.get("multiValueQueryStringParameters"),
        "requestContext": {**context, "resourcePath": match.resource, "httpMethod": method},
    }


def _accepting(headers: dict[str, str]) -> dict[str, str]:
    """Return headers with `Accept`. Without it, Chalice refuses binary answers, and all our types count as binary."""
    return {"accept": "*/*"} | headers


def header(event: Mapping[str, Any], name: str) -> str | None:
    """Return the value of a header of an event of any format, or None."""
    return next((value for each, value in (event.get("headers") or {}).items() if each.lower() == name), None)
