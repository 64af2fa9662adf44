"""A small app that returns what it received, for tests of the front without the depot."""

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from chalice.app import Response

from chalicelib.http.app import App
from chalicelib.identity.errors import STATUS as IDENTITY_ERRORS

app = App("probe", IDENTITY_ERRORS)
ANY = {"content_types": ["*/*"]}
COUNTER = Path(os.environ.get("PROBE_COUNTER", os.devnull))


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
    """Return the event, with the body as Latin-1 text."""
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
    """Return the checksum of the body, and whether it arrived as a file."""
    file = _event()["requestContext"].get("bldrBodyFile")
    checksum, size = hashlib.sha256(), 0
    chunks = iter(lambda: file.read(1 << 20), b"") if file is not None else [app.current_request.raw_body]
    for chunk in chunks:
        checksum.update(chunk)
        size += len(chunk)
    return _json({"size": size, "sha256": checksum.hexdigest(), "file": file is not None})


@app.route("/client/{client}", methods=["GET", "POST"], **ANY)
def client(client: str) -> Response:
    """Return the client's id from path, query and header, and the size of its body."""
    time.sleep(0.001)
    request = app.current_request
    size = len(request.raw_body or b"")
    ids = {"path": client, "query": request.query_params["client"], "header": request.headers["x-client"]}
    return _json({**ids, "size": size})


@app.route("/count", methods=["GET", "POST"], **ANY)
def count() -> Response:
    """Return how often this route was called, over all workers."""
    with COUNTER.open("ab") as calls:
        calls.write(b".")
    return _json(COUNTER.stat().st_size)


@app.route("/large/{size}", methods=["GET"], **ANY)
def large(size: str) -> Response:
    """Return a text of this size."""
    return Response(b"x" * int(size), headers={"Content-Type": "text/plain"})


@app.route("/header/{size}", methods=["GET"], **ANY)
def header(size: str) -> Response:
    """Return a header of this size."""
    return Response(b"", headers={"X-Long": "x" * int(size)})


@app.route("/stored/{key}", methods=["GET", "HEAD"], **ANY)
def stored(key: str) -> Response:
    """Redirect internally to an object of the bucket."""
    headers: dict[str, str | list[str]] = {
        "X-Accel-Redirect": f"/artifacts/{key}",
        "X-Filename": "stored.hart",
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
def broken() -> Any:
    return {"not": object()}


@app.lambda_function(name="repeat")
def repeat(event: Any, _context: Any) -> Any:
    """Return the event."""
    return {"repeated": event}
