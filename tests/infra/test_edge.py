"""The function that runs at the edge, in V8: hab gets the name of its archive, nothing else changes."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from py_mini_racer import MiniRacer

from infra.package import TEMPLATE

SOURCE = TEMPLATE.with_name("edge") / "x_filename.js"
PLACE = "/core/tool/1.0/20240101000000/x86_64/linux/0123abcd"


def answered(uri: str, status: int = 200) -> dict[str, Any]:
    """What the function makes of an answer of S3."""
    response = {"statusCode": status, "headers": {"content-type": {"value": "application/octet-stream"}}, "cookies": {}}
    event = {
        "version": "1.0",
        "context": {"eventType": "viewer-response"},
        "request": {"method": "GET", "uri": uri, "querystring": {"Signature": {"value": "x/y.hart"}}, "headers": {}},
        "response": response,
    }
    engine = MiniRacer()
    engine.eval(SOURCE.read_text())
    answer: dict[str, Any] = json.loads(engine.eval(f"JSON.stringify(handler({json.dumps(event)}))"))
    named = answer["headers"].pop("x-filename", None)
    assert answer == response, "only the one header may differ"
    return {} if named is None else named


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
def test_the_file_name_is_the_last_segment_decoded_once(name):
    assert answered(f"{PLACE}/{quote(name)}") == {"value": name}


def test_what_is_not_ascii_stays_encoded():
    name = "core-tool-1.0\nключ🔑.hart"

    assert answered(f"{PLACE}/{quote(name)}") == {"value": quote(name)}


def test_a_plus_stays_a_plus_when_it_was_not_encoded():
    assert answered(f"{PLACE}/core-tool-1.0+build.hart") == {"value": "core-tool-1.0+build.hart"}


@pytest.mark.parametrize("status", [206, 304])
def test_parts_and_unchanged_archives_have_a_name_too(status):
    assert answered(f"{PLACE}/a.hart", status) == {"value": "a.hart"}


@pytest.mark.parametrize("uri", ["/", "/texts/core/tool/1.0", f"{PLACE}/a.hart/b", f"{PLACE}/a.hart.txt", "/a%.hart"])
def test_what_is_no_archive_gets_no_name(uri):
    assert answered(uri) == {}


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_an_error_gets_no_name(status):
    assert answered(f"{PLACE}/a.hart", status) == {}
