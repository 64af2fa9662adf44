"""The edge function, run in V8: it adds the name of an archive for hab and changes nothing else (platform.md 4.3)."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from py_mini_racer import MiniRacer

from gateway.upload import PATH
from infra.template import REPOSITORY

SOURCE = REPOSITORY / "infra/edge/x_filename.js"
FOLDER = "/core/tool/1.0/20240101000000/x86_64/linux/0123abcd"


def x_filename(uri: str, status: int = 200) -> str | None:
    """Return the value of X-Filename in the function's response, or None. Everything else must be unchanged."""
    response = {"statusCode": status, "headers": {"content-type": {"value": "application/octet-stream"}}, "cookies": {}}
    event = {
        "version": "1.0",
        "context": {"eventType": "viewer-response"},
        "request": {"method": "GET", "uri": uri, "querystring": {"Signature": {"value": "x/y.hart"}}, "headers": {}},
        "response": response,
    }
    engine = MiniRacer()
    engine.eval(SOURCE.read_text())
    answer: dict[str, Any] = json.loads(str(engine.eval(f"JSON.stringify(handler({json.dumps(event)}))")))
    header: dict[str, str] = answer["headers"].pop("x-filename", {})
    assert answer == response
    return header.get("value")


@pytest.mark.parametrize(
    "name",
    [
        "core-tool-1.0-20240101000000-x86_64-linux.hart",
        "core-tool-1.0+build~rc1-20240101000000-x86_64-linux.hart",
        "core-tool-100%-20240101000000-x86_64-linux.hart",
        "core-tool-100%25-20240101000000-x86_64-linux.hart",
        "core-tool-1.0 beta-20240101000000-x86_64-linux.hart",
        "core-tool-1.0%2F..-20240101000000-x86_64-linux.hart",
    ],
)
def test_the_file_name_is_the_last_segment_decoded_once(name: str) -> None:
    assert x_filename(f"{FOLDER}/{quote(name)}") == name


def test_non_ascii_characters_stay_encoded() -> None:
    name = "core-tool-1.0\nключ🔑.hart"

    assert x_filename(f"{FOLDER}/{quote(name)}") == quote(name)


def test_path_separators_stay_encoded() -> None:
    name = r"core-tool-..\..\evil/x-20240101000000-x86_64-linux.hart"

    assert x_filename(f"{FOLDER}/{quote(name, safe='')}") == quote(name).replace("/", "%2F")


def test_a_plus_is_not_decoded_to_a_space() -> None:
    assert x_filename(f"{FOLDER}/core-tool-1.0+build.hart") == "core-tool-1.0+build.hart"


@pytest.mark.parametrize("status", [206, 304])
def test_ranges_and_unmodified_archives_have_a_file_name(status: int) -> None:
    assert x_filename(f"{FOLDER}/a.hart", status) == "a.hart"


@pytest.mark.parametrize("uri", ["/", "/texts/core/tool/1.0", f"{FOLDER}/a.hart/b", f"{FOLDER}/a.hart.txt", "/a%.hart"])
def test_other_objects_have_no_file_name(uri: str) -> None:
    assert x_filename(uri) is None


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_an_error_has_no_file_name(status: int) -> None:
    assert x_filename(f"{FOLDER}/a.hart", status) is None


def test_the_service_gets_the_address_of_the_client_and_not_what_the_client_claims() -> None:
    request = {"uri": "/v1/authenticate/x", "headers": {"x-bldr-viewer-address": {"value": "192.0.2.99"}}}
    event = {"context": {"eventType": "viewer-request"}, "viewer": {"ip": "2001:db8::1"}, "request": request}
    engine = MiniRacer()
    engine.eval((REPOSITORY / "infra/edge/viewer_address.js").read_text())

    sent: dict[str, Any] = json.loads(str(engine.eval(f"JSON.stringify(handler({json.dumps(event)}))")))

    assert sent == {"uri": "/v1/authenticate/x", "headers": {"x-bldr-viewer-address": {"value": "2001:db8::1"}}}


@pytest.mark.parametrize(
    ("method", "uri", "origin"),
    [
        ("POST", "/v1/depot/pkgs/core/zlib/1.3/20240301120000", "gateway"),
        ("POST", "/v1/depot/pkgs/core/zlib/1.3/20240301120000/", "gateway"),
        ("GET", "/v1/depot/pkgs/core/zlib/1.3/20240301120000", None),
        ("PATCH", "/v1/depot/pkgs/core/zlib/1.3/public", None),
        ("POST", "/v1/depot/pkgs/schedule/core/zlib", None),
        ("POST", "/v1/depot/pkgs/core/zlib/1.3/20240301120000/more", None),
        ("POST", "/v1/depot/uploads", None),
    ],
)
def test_archives_go_to_the_gateway_and_everything_else_to_the_api(method: str, uri: str, origin: str | None) -> None:
    code = (REPOSITORY / "infra/edge/uploads.js").read_text().replace("import cf from 'cloudfront';", "")
    engine = MiniRacer()
    engine.eval("let selected = null; const cf = {selectRequestOriginById: (id) => { selected = id; }};" + code)
    request = {"method": method, "uri": uri, "headers": {}}

    sent = json.loads(str(engine.eval(f"JSON.stringify([handler({json.dumps({'request': request})}), selected])")))

    assert sent == [request, origin]


def test_the_edge_function_and_the_gateway_know_the_same_uploads() -> None:
    code = (REPOSITORY / "infra/edge/uploads.js").read_text()
    [pattern] = re.findall(r"const ARCHIVE = /\^(.+)\$/;", code)

    assert pattern.replace("\\/", "/") == PATH.pattern.decode().replace("(", "").replace(")", "")


def test_the_distribution_stores_no_answers_of_sign_in(packaged: dict[str, Any]) -> None:
    """They have a token and no Cache-Control, and CloudFront may send what it has stored while the origin fails."""
    behaviors = packaged["Resources"]["Site"]["Properties"]["DistributionConfig"]["CacheBehaviors"]
    [sign_in] = [one for one in behaviors if one.get("PathPattern") == "/v1/authenticate/*"]

    assert sign_in["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a06be39ad", "the managed policy CachingDisabled"
