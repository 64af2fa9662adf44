"""The comparison with pypicloud without its servers: figures, requests, and the bridge to a WSGI application."""

import json
import os
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from local.http_messages import HttpRequest
from tests.perf.beside_pypicloud import MARKERS
from tests.perf.compared_depots import OurDepot, PypicloudDepot, an_archive, cpu_seconds
from tests.perf.counting_engine import PATH, with_counter
from tests.perf.figures import DOCUMENT
from tests.perf.keep_alive import request
from tests.perf.paired_rounds import HEADINGS, WORKLOADS, Comparison, Round, table
from tests.perf.pypicloud_app import answer_of
from tests.perf.pypicloud_server import hash_of


def test_ratios_are_medians_of_the_pairs() -> None:
    pairs = [(_round(cpu=1), _round(cpu=2)), (_round(cpu=9), _round(cpu=1)), (_round(cpu=3), _round(cpu=4, seconds=3))]

    compared = Comparison("list", pairs)

    assert compared.cpu_ratio == 0.75
    assert compared.rate_ratio == 1.0


def test_only_ratios_that_miss_their_goal_are_bold() -> None:
    cells = Comparison("list", [(_round(cpu=0.81, calls=4), _round(cpu=1, seconds=0.5))]).cells

    assert cells == ["list", "405.00", "500.00", "**0.81**", "≤ 0.8", "2", "4", "**0.50**", "≥ 1.0", "2.0", "1.0"]
    assert Comparison("upload", [(_round(cpu=9), _round())]).cells[3:5] == ["9.00", ""]
    assert "**" not in table([Comparison("list", [(_round(cpu=0.8), _round())])])


def test_every_workload_has_a_row() -> None:
    lines = table([Comparison(workload, [(_round(), _round())]) for workload in WORKLOADS]).splitlines()

    assert [line.count("|") for line in lines] == [len(HEADINGS) + 1] * (2 + len(WORKLOADS))


def test_both_depots_get_the_same_bytes() -> None:
    archive = an_archive(3, "1.2.0")

    ours = OurDepot(80, 81, (), "token").upload(archive)
    theirs = PypicloudDepot(80, os.getpid(), 81).upload(archive)

    assert archive.content == an_archive(3, "1.2.0").content
    assert ours.endswith(b"\r\n\r\n" + archive.content)
    assert b'filename="name-3-1.2.0.tar.gz"\r\n\r\n' + archive.content + b"\r\n--boundary" in theirs


def test_a_request_is_framed_and_authenticated() -> None:
    assert request("GET", "/a", "Bearer x") == b"GET /a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n"
    assert b"\r\nContent-Length: 2\r\n" in request("POST", "/a", "Bearer x", b"12")


def test_the_password_has_the_form_of_passlib() -> None:
    """The text is what `passlib.hash.pbkdf2_sha256` 1.7.4 makes of it."""
    assert hash_of("password") == "$pbkdf2-sha256$1$c2FsdA$Eg.2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs"


def test_the_bridge_passes_request_and_answer() -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("302 Found", [("Location", "/there")])
        return [b"mo", b"ved"]

    headers = {"host": "depot:80", "content-length": "2", "content-type": "text/plain", "authorization": "Basic eA=="}
    answer = answer_of(application, HttpRequest("POST", "/a%20b?c=d", headers), BytesIO(b"12"))

    assert (answer.status, answer.headers, answer.body) == (302, [("Location", "/there")], b"moved")
    assert [seen[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")] == ["POST", "/a b", "c=d"]
    assert [seen[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH", "body")] == ["text/plain", "2", b"12"]
    assert [seen[name] for name in ("HTTP_AUTHORIZATION", "SERVER_NAME")] == ["Basic eA==", "depot"]


def test_the_engine_counts_calls_by_operation() -> None:
    counting = with_counter(lambda _environ, _start_response: [b""])
    for target in ("DynamoDB_20120810.Query", "DynamoDB_20120810.Query", ""):
        counting({"PATH_INFO": "/", "REQUEST_METHOD": "PUT", "HTTP_X_AMZ_TARGET": target}, None)

    counting({"PATH_INFO": "/moto-api/functions", "REQUEST_METHOD": "POST"}, None)

    (calls,) = counting({"PATH_INFO": PATH, "REQUEST_METHOD": "GET"}, lambda _status, _headers: None)

    assert json.loads(calls) == {"Query": 2, "S3 PUT": 1}


def test_cpu_time_is_that_of_the_processes() -> None:
    before = cpu_seconds([os.getpid()])
    while cpu_seconds([os.getpid()]) == before:
        pass

    assert cpu_seconds([os.getpid(), os.getpid()]) > before


def test_the_document_has_a_place_for_the_figures() -> None:
    text = DOCUMENT.read_text()

    assert 0 < text.find(MARKERS[0]) < text.find(MARKERS[1])


def _round(*, cpu: float = 1.0, seconds: float = 1.0, calls: int = 2) -> Round:
    return Round(requests=2, cpu_seconds=cpu, seconds=seconds, calls=calls)
