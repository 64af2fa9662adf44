"""The upload gateway before the whole stack: to a client it is the API, for archives of any size (platform.md 4.4)."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from chalicelib.core.ident import PackageIdent
from chalicelib.platform.config import config as api_settings
from gateway.settings import SettingInvalid, Settings, read_settings
from tests.builders.hart import Hart, a_hart
from tests.builders.keys import REVISION, a_signing_pair
from tests.builders.names import a_name
from tests.builders.stack import Stack, peak_memory
from tests.builders.uploads import MIB, BigHart
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import Wire
from tests.servers import REPOSITORY, aws

WINDOWS_AGENT = {"User-Agent": "hab/1.6.618 (x86_64-windows; 10.0)"}
BOBO = "Authorization: Bearer bobo"


@dataclass(frozen=True)
class Entrance:
    """A running gateway; `http` sends to it as `bobo`."""

    port: int
    pid: int
    http: httpx.Client


@contextmanager
def a_gateway(api: str, **settings: str) -> Iterator[Entrance]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {"BLDR_GATEWAY_API": api, "BLDR_GATEWAY_LISTEN": "127.0.0.1", "BLDR_GATEWAY_PORT": str(port), **settings}
    process = subprocess.Popen([sys.executable, "-m", "gateway"], cwd=REPOSITORY, env={**os.environ, **own})
    try:
        assert until(lambda: _is_listening(port))
        headers = {"Authorization": "Bearer bobo"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE) as client:
            yield Entrance(port, process.pid, client)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _is_listening(port: int) -> bool:
    try:
        with Wire(port):
            return True
    except ConnectionRefusedError:
        return False


@pytest.fixture(scope="module")
def gateway(stack: Stack) -> Iterator[Entrance]:
    with a_gateway(stack.url) as entrance:
        yield entrance


@pytest.fixture(scope="module")
def narrow(stack: Stack) -> Iterator[Entrance]:
    """A gateway that takes 20 MiB at most."""
    with a_gateway(stack.url, BLDR_GATEWAY_LARGEST=str(20 * MIB)) as entrance:
        yield entrance


@pytest.fixture(scope="module")
def origin(stack: Stack) -> str:
    return stack.an_origin()


def announced(hart: Hart, **more: str | None) -> dict[str, str]:
    query = {"checksum": hart.checksum, "target": hart.target, "forced": "false", **more}
    return {name: value for name, value in query.items() if value is not None}


def chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A body whose length httpx does not know."""
    yield from pieces


def left_of_uploads(stack: Stack) -> list[Any]:
    """What lies in the bucket of uploads that have no end."""
    s3 = aws("s3", stack.engine_url)
    parts = s3.list_multipart_uploads(Bucket=api_settings.bucket).get("Uploads", [])
    return [*parts, *s3.list_objects_v2(Bucket=api_settings.bucket, Prefix="_staging/").get("Contents", [])]


def nothing_left(stack: Stack) -> bool:
    return until(lambda: not left_of_uploads(stack))


@pytest.mark.parametrize("known_length", [False, True], ids=["chunked", "with its length"])
def test_an_upload_is_answered_as_by_the_api(gateway, stack, origin, known_length):
    hart = a_hart(origin=origin, name=a_name("tool"))
    body = hart.content if known_length else chunked([hart.content[:100], hart.content[100:]])
    reply = gateway.http.post(f"/v1{hart.url}", params=announced(hart), content=body)

    assert (reply.status_code, reply.text) == (201, f"/pkgs/{hart.path}/download")
    assert reply.headers["Location"] == str(reply.request.url.raw_path, "ascii")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert stack.http.get(f"/v1{hart.in_channel('unstable')}").status_code == 200
    assert stack.http.get(f"/v1{hart.url}/download", follow_redirects=True).content == hart.content
    assert nothing_left(stack)


REFUSALS: dict[str, dict[str, Any]] = {
    "no session": {"by": None},
    "a bad token": {"by": "no-such-token"},
    "an outsider": {"by": "wesker"},
    "an unknown origin": {"hart": {"origin": "no-such-origin"}},
    "no package name": {"path": "{origin}/to%20ol/1.0/20240101000000"},
    "a slash in the version": {"path": "{origin}/tool/1%2F0/20240101000000"},
    "a bad target": {"query": {"target": "vax-vms"}},
    "an empty target": {"query": {"target": ""}},
    "no checksum": {"query": {"checksum": None}},
    "another checksum": {"query": {"checksum": "0" * 64}},
    "another ident": {"path": "{origin}/other/1.2.3/20240301123456"},
    "a target that is not served": {"hart": {"target": "x86_64-darwin"}},
    "no manifest": {"hart": {"omit": ["MANIFEST"]}},
    "an unreadable archive": {"content": b"no archive"},
    "an empty body": {"content": b""},
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_is_the_apis_own(gateway, stack, origin, what):
    case = REFUSALS[what]
    made = a_hart(**{"origin": origin, "name": a_name("tool"), **case.get("hart", {})})
    hart = Hart(case.get("content", made.content), made.ident, made.target)
    path = case.get("path", hart.path).format(origin=origin)
    by = case.get("by", "bobo")
    replies = [
        httpx.post(
            f"{base}/v1/depot/pkgs/{path}",
            params=announced(hart, **case.get("query", {})),
            content=chunked([hart.content]),
            headers={} if by is None else {"Authorization": f"Bearer {by}"},
            timeout=PATIENCE,
        )
        for base in (stack.url, gateway.http.base_url)
    ]

    direct, through = [(reply.status_code, reply.content) for reply in replies]
    assert direct == through
    assert through[0] in (401, 403, 422, 501)
    assert nothing_left(stack)


def test_what_is_there_is_409_and_forced_it_is_201(gateway, origin):
    hart = a_hart(origin=origin, name=a_name("there"))
    other = a_hart(origin=origin, name=hart.ident.name, payload=b"other")

    def post(hart: Hart, **query: str) -> httpx.Response:
        return gateway.http.post(f"/v1{hart.url}", params=announced(hart, **query), content=chunked([hart.content]))

    assert post(hart).status_code == 201
    assert (post(hart).status_code, post(hart).content) == (409, b"")
    assert post(hart, forced="true").status_code == 201
    assert (post(other, forced="true").status_code, post(other, forced="true").text) == (422, "ds:up:4")
    assert post(hart, forced="perhaps").status_code == 400


def test_without_a_target_the_agent_says_which_as_at_the_api(gateway, origin):
    hart = a_hart(origin=origin, name=a_name("agent"), target="x86_64-windows")
    query = announced(hart, target=None)

    assert gateway.http.post(f"/v1{hart.url}", params=query, content=hart.content, headers=WINDOWS_AGENT).is_success
    again = gateway.http.post(f"/v1{hart.url}", params=query, content=hart.content, headers=WINDOWS_AGENT)
    assert again.status_code == 409


def test_sixty_four_megabytes_pass_in_constant_memory(gateway, stack, origin):
    big = BigHart(PackageIdent(origin, a_name("big"), "1.0", "20240101000000"), 64)
    query = {"checksum": big.checksum, "target": big.target, "forced": "false"}
    before = peak_memory(gateway.pid)

    reply = gateway.http.post(f"/v1/depot/pkgs/{big.ident}", params=query, content=big.pieces())

    assert reply.status_code == 201
    assert peak_memory(gateway.pid) - before <= 72 * MIB, "two parts of 16 MiB, and as much on their way out"
    with stack.http.stream("GET", f"/v1/depot/pkgs/{big.ident}/download", follow_redirects=True) as download:
        assert int(download.headers["Content-Length"]) == big.size


def test_several_at_once_do_not_mix(gateway, stack, origin):
    harts = [a_hart(origin=origin, name=a_name("crowd"), payload=os.urandom(200_000)) for _ in range(6)]

    def post(hart: Hart) -> int:
        url = f"{gateway.http.base_url}/v1{hart.url}"
        return httpx.post(
            url,
            params=announced(hart),
            content=chunked([hart.content]),
            headers={"Authorization": "Bearer bobo"},
            timeout=PATIENCE,
        ).status_code

    with ThreadPoolExecutor(6) as crowd:
        assert set(crowd.map(post, harts)) == {201}
    for hart in harts:
        assert stack.http.get(f"/v1{hart.url}/download", follow_redirects=True).content == hart.content


def test_a_client_that_sends_everything_before_it_looks_still_sees_an_early_refusal(gateway, origin):
    hart = a_hart(origin=origin)
    with Wire(gateway.port) as wire:
        wire.head(f"POST /v1{hart.url}?checksum={hart.checksum}", "Transfer-Encoding: chunked")
        for _ in range(6):
            wire.chunk(bytes(MIB))
        wire.chunk(b"")
        reply = wire.reply(to="POST")

        assert (reply.status, reply.body) == (401, b"")
        assert reply.headers["Connection"] == "close"
        assert wire.closed()


def test_a_client_that_asks_before_it_sends_is_told_first(gateway, origin):
    hart = a_hart(origin=origin, name=a_name("asked"))
    query = f"checksum={hart.checksum}&target={hart.target}&forced=false"
    head = [f"Content-Length: {len(hart.content)}", "Expect: 100-continue"]
    with Wire(gateway.port) as wire:
        wire.head(f"POST /v1{hart.url}?{query}", *head)
        assert wire.reply(to="POST").status == 401
        assert wire.closed()
    with Wire(gateway.port) as wire:
        wire.head(f"POST /v1{hart.url}?{query}", *head, BOBO)
        wire.go_ahead()
        wire.send(hart.content)
        assert wire.reply(to="POST").status == 201


@pytest.mark.parametrize("known_length", [False, True], ids=["chunked", "with its length"])
def test_more_than_the_cap_is_413_and_given_up(narrow, stack, origin, known_length):
    hart = a_hart(origin=origin, name=a_name("long"))
    pieces = [bytes(MIB)] * 24
    body: Any = b"".join(pieces) if known_length else chunked(pieces)
    reply = narrow.http.post(f"/v1{hart.url}", params=announced(hart), content=body)

    assert reply.status_code == 413
    assert reply.text == "The archive is larger than this entrance takes, 20 MiB."
    assert nothing_left(stack)


def test_a_client_that_goes_away_leaves_nothing(gateway, stack, origin):
    hart = a_hart(origin=origin, name=a_name("gone"))
    with Wire(gateway.port) as wire:
        wire.head(f"POST /v1{hart.url}?checksum={hart.checksum}", "Transfer-Encoding: chunked", BOBO)
        for _ in range(20):
            wire.chunk(bytes(MIB))
        assert until(lambda: bool(left_of_uploads(stack)))

    assert nothing_left(stack)
    assert stack.http.get(f"/v1{hart.url}").status_code == 404


SAME = [
    ("GET", "/v1/status"),
    ("HEAD", "/v1/status"),
    ("DELETE", "/v1/status"),
    ("GET", "/v1/nowhere"),
    ("GET", "/nowhere/at/all"),
    ("GET", "/v1/depot/pkgs/search/a%2Fb%20c?range=0&distinct=true"),
    ("GET", "/v1/depot/channels/no-such/stable/pkgs/tool/1.0+a~b/1?target=x86_64-linux&x&y=&x=2"),
    ("GET", "/v1/depot/pkgs/core/tool/1%2525/1"),
    ("POST", "/v1/depot/origins"),
    ("GET", "/v1/profile"),
]


@pytest.mark.parametrize(("method", "target"), SAME, ids=lambda value: value)
def test_everything_else_is_passed_on_and_back_unchanged(gateway, stack, method, target):
    replies = []
    for port in (urlsplit(stack.url).port, gateway.port):
        with Wire(port or 0) as wire:
            wire.head(f"{method} {target}", BOBO, "Connection: close")
            replies.append(wire.reply(to=method))

    direct, through = replies
    assert (direct.status, direct.body) == (through.status, through.body)
    of_the_way = {"date", "server", "connection", "content-length", "transfer-encoding"}
    headers = [{(name.lower(), value) for name, value in reply.headers.items()} for reply in replies]
    kept = [{pair for pair in each if pair[0] not in of_the_way} for each in headers]
    assert kept[0] == kept[1]


def test_a_redirect_is_not_followed_and_its_url_good(gateway, origin):
    hart = a_hart(origin=origin, name=a_name("redirected"))
    assert gateway.http.post(f"/v1{hart.url}", params=announced(hart), content=hart.content).status_code == 201
    reply = gateway.http.get(f"/v1{hart.url}/download")

    assert (reply.status_code, reply.content) == (302, b"")
    assert httpx.get(reply.headers["Location"], timeout=PATIENCE).content == hart.content


def test_a_key_is_uploaded_chunked_as_hab_does(gateway, stack):
    origin = gateway.http.post("/v1/depot/origins", json={"name": a_name("origin")}).json()["name"]
    public, _ = a_signing_pair(origin)
    url = f"/v1/depot/origins/{origin}/keys/{REVISION}"

    assert gateway.http.post(url, content=chunked([public.text.encode()])).status_code == 201
    key = gateway.http.get(url)
    assert (key.text, key.headers["X-Filename"]) == (public.text, f"{origin}-{REVISION}.pub")


def test_a_body_that_the_api_could_not_take_is_413(gateway):
    reply = gateway.http.post("/v1/depot/origins", content=chunked([bytes(MIB)] * 11))

    assert reply.status_code == 413


def test_without_its_api_it_is_502(origin):
    hart = a_hart(origin=origin)
    with a_gateway("http://127.0.0.1:9") as alone:
        assert alone.http.get("/v1/status").status_code == 502
        upload = alone.http.post(f"/v1{hart.url}", params=announced(hart), content=chunked([hart.content]))
        assert (upload.status_code, upload.content) == (502, b"")


def test_settings_name_what_cannot_be_used():
    assert read_settings({"BLDR_GATEWAY_API": "https://api.test/"}) == Settings("https://api.test")
    assert read_settings({"BLDR_GATEWAY_API": "http://a", "BLDR_GATEWAY_LARGEST": "7"}).largest_archive == 7
    for wrong in ({}, {"BLDR_GATEWAY_API": "api"}, {"BLDR_GATEWAY_API": "http://a", "BLDR_GATEWAY_PORT": "x"}):
        with pytest.raises(SettingInvalid, match="BLDR_GATEWAY_"):
            read_settings(wrong)


def test_its_container_needs_nothing_of_the_deployed_code():
    for source in Path(REPOSITORY, "gateway").glob("*.py"):
        assert "chalicelib" not in source.read_text(), source
