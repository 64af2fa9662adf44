"""A small app that tells what it was asked, so that the front can be tested without the depot."""

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from chalice import Response

from chalicelib.http.app import App

app = App("probe")
ANY = {"content_types": ["*/*"]}
COUNTED = Path(os.environ.get("PROBE_COUNTED", os.devnull))


def _json(value: Any) -> Response:
    return Response(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def _event() -> dict[str, Any]:
    event: dict[str, Any] = app.current_request._event_dict
    return event


@app.route("/status", methods=["GET", "HEAD"], **ANY)
def status() -> Response:
    return Response(b"", headers={})


@app.route("/echo/{first}/{second}", methods=["GET", "POST", "PUT", "HEAD"], **ANY)
def echo(first: str, second: str) -> Response:
    event = _event()
    shown = {key: event[key] for key in event if key not in ("requestContext", "body")}
    shown["requestContext"] = {key: value for key, value in event["requestContext"].items() if key != "bldrBodyFile"}
    shown["variables"] = [first, second]
    shown["body"] = (app.current_request.raw_body or b"").decode("latin-1")
    return _json(shown)


@app.route("/echo/literal/{second}", methods=["GET"], **ANY)
def literal(second: str) -> Response:
    return _json({"literal": second})


@app.route("/digest", methods=["POST"], **ANY)
def digest() -> Response:
    spooled = _event()["requestContext"].get("bldrBodyFile")
    found, size = hashlib.sha256(), 0
    pieces = iter(lambda: spooled.read(1 << 20), b"") if spooled is not None else [app.current_request.raw_body]
    for piece in pieces:
        found.update(piece)
        size += len(piece)
    return _json({"size": size, "sha256": found.hexdigest(), "file": spooled is not None})


@app.route("/mine/{who}", methods=["GET", "POST"], **ANY)
def mine(who: str) -> Response:
    time.sleep(0.001)
    request = app.current_request
    size = len(request.raw_body or b"")
    return _json({"who": who, "query": request.query_params["who"], "header": request.headers["x-who"], "size": size})


@app.route("/count", methods=["GET", "POST"], **ANY)
def count() -> Response:
    """How often this route was called, in all workers together."""
    with COUNTED.open("ab") as calls:
        calls.write(b".")
    return _json(COUNTED.stat().st_size)


@app.route("/stored/{key}", methods=["GET", "HEAD"], **ANY)
def stored(key: str) -> Response:
    headers = {
        "X-Accel-Redirect": f"/artifacts/{key}",
        "X-Filename": "kept.hart",
        "Content-Type": "application/octet-stream",
        "Cache-Control": "public, max-age=31536000",
    }
    return Response(b"", headers=headers)


@app.route("/answer/{code}", methods=["GET", "HEAD"], **ANY)
def answer(code: str) -> Response:
    return Response(b"", status_code=int(code), headers={"X-Text": "caf\u00e9 \u4e16"})


@app.route("/binary", methods=["GET", "HEAD"], **ANY)
def binary() -> Response:
    headers: dict[str, str | list[str]] = {"Content-Type": "application/octet-stream", "X-Several": ["a", "b"]}
    return Response(bytes(range(256)), headers=headers)


@app.route("/broken", methods=["GET"], **ANY)
def broken() -> Response:
    return {"not": object()}  # type: ignore[return-value]
