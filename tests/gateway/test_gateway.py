"""The upload gateway in front of the whole stack (platform.md 4.4, U6)."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from chalicelib.core.ident import PackageIdent
from chalicelib.platform.config import config as api_config
from gateway.config import Config, ConfigInvalid, read_config
from tests.builders.gateway import Gateway, a_gateway
from tests.builders.hart import Hart, a_hart
from tests.builders.keys import REVISION, a_signing_pair
from tests.builders.names import a_name
from tests.builders.stack import REPOSITORY, Stack, peak_memory
from tests.builders.uploads import MIB, BigHart
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import Wire
from tests.servers import aws

WINDOWS_AGENT = {"User-Agent": "hab/1.6.618 (x86_64-windows; 10.0)"}
BOBO = "Authorization: Bearer bobo"


@pytest.fixture(scope="module")
def gateway(stack: Stack) -> Iterator[Gateway]:
    """A gateway in front of the stack."""
    with a_gateway(stack.url) as running:
        yield running


@pytest.fixture(scope="module")
def small_gateway(stack: Stack) -> Iterator[Gateway]:
    """A gateway that accepts archives of at most 20 MiB."""
    with a_gateway(stack.url, BLDR_GATEWAY_LARGEST=str(20 * MIB)) as running:
        yield running


@pytest.fixture(scope="module")
def origin(stack: Stack) -> str:
    """An origin owned by bobo."""
    return stack.an_origin()


def query_of(hart: Hart, **parameters: str | None) -> dict[str, str]:
    """Return the query of an upload; a parameter that is None is left out."""
    query = {"checksum": hart.checksum, "target": hart.target, "forced": "false", **parameters}
    return {name: value for name, value in query.items() if value is not None}


def chunked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return a body without a length, which httpx sends chunked."""
    yield from chunks


def unfinished_uploads(stack: Stack) -> list[Any]:
    """Return the multipart uploads and staged objects in the bucket."""
    s3 = aws("s3", stack.engine_url)
    parts = s3.list_multipart_uploads(Bucket=api_config.bucket).get("Uploads", [])
    return [*parts, *s3.list_objects_v2(Bucket=api_config.bucket, Prefix="_staging/").get("Contents", [])]


def all_uploads_end(stack: Stack) -> bool:
    """Wait until the bucket has no unfinished uploads. Returns False if some remain."""
    return until(lambda: not unfinished_uploads(stack))


@pytest.mark.parametrize("has_length", [False, True], ids=["chunked", "with a length"])
def test_an_upload_gets_the_response_of_the_raw_post(
    gateway: Gateway, stack: Stack, origin: str, has_length: bool
) -> None:
    hart = a_hart(origin=origin, name=a_name("tool"))
    body = hart.content if has_length else chunked([hart.content[:100], hart.content[100:]])
    reply = gateway.http.post(f"/v1{hart.url}", params=query_of(hart), content=body)

    assert (reply.status_code, reply.text) == (201, f"/pkgs/{hart.path}/download")
    assert reply.headers["Location"] == str(reply.request.url.raw_path, "ascii")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert stack.http.get(f"/v1{hart.in_channel('unstable')}").status_code == 200
    assert stack.http.get(f"/v1{hart.url}/download", follow_redirects=True).content == hart.content
    assert all_uploads_end(stack)


REFUSALS: dict[str, dict[str, Any]] = {
    "no session": {"by": None},
    "an invalid token": {"by": "no-such-token"},
    "not a member": {"by": "wesker"},
    "an unknown origin": {"hart": {"origin": "no-such-origin"}},
    "an invalid package name": {"path": "{origin}/to%20ol/1.0/20240101000000"},
    "a slash in the version": {"path": "{origin}/tool/1%2F0/20240101000000"},
    "an unknown target": {"query": {"target": "vax-vms"}},
    "an empty target": {"query": {"target": ""}},
    "no checksum": {"query": {"checksum": None}},
    "a wrong checksum": {"query": {"checksum": "0" * 64}},
    "a wrong ident": {"path": "{origin}/other/1.2.3/20240301123456"},
    "an unsupported target": {"hart": {"target": "x86_64-darwin"}},
    "no manifest": {"hart": {"omit": ["MANIFEST"]}},
    "an unreadable archive": {"content": b"not an archive"},
    "an empty body": {"content": b""},
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refusal_is_the_response_of_the_api(gateway: Gateway, stack: Stack, origin: str, reason: str) -> None:
    case = REFUSALS[reason]
    valid = a_hart(**{"origin": origin, "name": a_name("tool"), **case.get("hart", {})})
    hart = Hart(case.get("content", valid.content), valid.ident, valid.target)
    path = case.get("path", hart.path).format(origin=origin)
    by = case.get("by", "bobo")
    replies = [
        httpx.post(
            f"{base}/v1/depot/pkgs/{path}",
            params=query_of(hart, **case.get("query", {})),
            content=chunked([hart.content]),
            headers={} if by is None else {"Authorization": f"Bearer {by}"},
            timeout=PATIENCE,
        )
        for base in (stack.url, gateway.http.base_url)
    ]

    from_api, from_gateway = [(reply.status_code, reply.content) for reply in replies]
    assert from_gateway == from_api
    assert from_gateway[0] in (401, 403, 422, 501)
    assert all_uploads_end(stack)


def test_an_existing_release_is_409_and_a_forced_upload_of_the_same_bytes_is_201(gateway: Gateway, origin: str) -> None:
    hart = a_hart(origin=origin, name=a_name("existing"))
    other = a_hart(origin=origin, name=hart.ident.name, payload=b"other")

    def post(hart: Hart, **query: str) -> httpx.Response:
        return gateway.http.post(f"/v1{hart.url}", params=query_of(hart, **query), content=chunked([hart.content]))

    assert post(hart).status_code == 201
    assert (post(hart).status_code, post(hart).content) == (409, b"")
    assert post(hart, forced="true").status_code == 201
    assert (post(other, forced="true").status_code, post(other, forced="true").text) == (422, "ds:up:4")
    assert post(hart, forced="perhaps").status_code == 400


def test_the_user_agent_determines_a_missing_target(gateway: Gateway, origin: str) -> None:
    hart = a_hart(origin=origin, name=a_name("agent"), target="x86_64-windows")
    query = query_of(hart, target=None)

    assert gateway.http.post(f"/v1{hart.url}", params=query, content=hart.content, headers=WINDOWS_AGENT).is_success
    repeat = gateway.http.post(f"/v1{hart.url}", params=query, content=hart.content, headers=WINDOWS_AGENT)
    assert repeat.status_code == 409


def test_64_megabytes_are_uploaded_in_constant_memory(gateway: Gateway, stack: Stack, origin: str) -> None:
    big = BigHart(PackageIdent(origin, a_name("big"), "1.0", "20240101000000"), 64)
    query = {"checksum": big.checksum, "target": big.target, "forced": "false"}
    before = peak_memory(gateway.pid)

    reply = gateway.http.post(f"/v1/depot/pkgs/{big.ident}", params=query, content=big.pieces())

    assert reply.status_code == 201
    assert peak_memory(gateway.pid) - before <= 72 * MIB, "two parts of 16 MiB, and the same again while they are sent"
    with stack.http.stream("GET", f"/v1/depot/pkgs/{big.ident}/download", follow_redirects=True) as download:
        assert int(download.headers["Content-Length"]) == big.size


def test_parallel_uploads_do_not_mix(gateway: Gateway, stack: Stack, origin: str) -> None:
    harts = [a_hart(origin=origin, name=a_name("parallel"), payload=os.urandom(200_000)) for _ in range(6)]

    def post(hart: Hart) -> int:
        url = f"{gateway.http.base_url}/v1{hart.url}"
        return httpx.post(
            url,
            params=query_of(hart),
            content=chunked([hart.content]),
            headers={"Authorization": "Bearer bobo"},
            timeout=PATIENCE,
        ).status_code

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(post, harts)) == {201}
    for hart in harts:
        assert stack.http.get(f"/v1{hart.url}/download", follow_redirects=True).content == hart.content


def test_a_client_that_sends_its_whole_body_first_receives_an_early_refusal(gateway: Gateway, origin: str) -> None:
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


def test_expect_100_continue_is_answered_after_the_checks_of_the_api(gateway: Gateway, origin: str) -> None:
    hart = a_hart(origin=origin, name=a_name("expect"))
    query = f"checksum={hart.checksum}&target={hart.target}&forced=false"
    head = [f"Content-Length: {len(hart.content)}", "Expect: 100-continue"]
    with Wire(gateway.port) as wire:
        wire.head(f"POST /v1{hart.url}?{query}", *head)
        assert wire.reply(to="POST").status == 401
        assert wire.closed()
    with Wire(gateway.port) as wire:
        wire.head(f"POST /v1{hart.url}?{query}", *head, BOBO)
        wire.wait_for_continue()
        wire.send(hart.content)
        assert wire.reply(to="POST").status == 201


@pytest.mark.parametrize("has_length", [False, True], ids=["chunked", "with a length"])
def test_an_archive_over_the_limit_is_413_and_its_upload_is_deleted(
    small_gateway: Gateway, stack: Stack, origin: str, has_length: bool
) -> None:
    hart = a_hart(origin=origin, name=a_name("large"))
    chunks = [bytes(MIB)] * 24
    body: Any = b"".join(chunks) if has_length else chunked(chunks)
    reply = small_gateway.http.post(f"/v1{hart.url}", params=query_of(hart), content=body)

    assert reply.status_code == 413
    assert reply.text == "The archive exceeds the limit of this gateway, 20 MiB."
    assert all_uploads_end(stack)


def test_the_upload_of_a_client_that_disconnects_is_deleted(gateway: Gateway, stack: Stack, origin: str) -> None:
    hart = a_hart(origin=origin, name=a_name("disconnected"))
    with Wire(gateway.port) as wire:
        wire.head(f"POST /v1{hart.url}?checksum={hart.checksum}", "Transfer-Encoding: chunked", BOBO)
        for _ in range(20):
            wire.chunk(bytes(MIB))
        assert until(lambda: bool(unfinished_uploads(stack)))

    assert all_uploads_end(stack)
    assert stack.http.get(f"/v1{hart.url}").status_code == 404


FORWARDED = [
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
HOP_BY_HOP = {"date", "server", "connection", "content-length", "transfer-encoding"}
PER_REQUEST = {"x-request-id"}


@pytest.mark.parametrize(("method", "target"), FORWARDED, ids=lambda value: value)
def test_other_requests_and_their_responses_are_forwarded_unchanged(
    gateway: Gateway, stack: Stack, method: str, target: str
) -> None:
    replies = []
    for port in (urlsplit(stack.url).port, gateway.port):
        with Wire(port or 0) as wire:
            wire.head(f"{method} {target}", BOBO, "Connection: close")
            replies.append(wire.reply(to=method))

    from_api, from_gateway = replies
    assert (from_gateway.status, from_gateway.body) == (from_api.status, from_api.body)
    headers = [
        {(name.lower(), value) for name, value in reply.headers.items() if name.lower() not in HOP_BY_HOP | PER_REQUEST}
        for reply in replies
    ]
    assert headers[0] == headers[1]


def test_a_redirect_is_forwarded_and_not_followed(gateway: Gateway, origin: str) -> None:
    hart = a_hart(origin=origin, name=a_name("redirected"))
    assert gateway.http.post(f"/v1{hart.url}", params=query_of(hart), content=hart.content).status_code == 201
    reply = gateway.http.get(f"/v1{hart.url}/download")

    assert (reply.status_code, reply.content) == (302, b"")
    assert httpx.get(reply.headers["Location"], timeout=PATIENCE).content == hart.content


def test_a_key_can_be_uploaded_chunked_as_hab_does(gateway: Gateway) -> None:
    origin = gateway.http.post("/v1/depot/origins", json={"name": a_name("origin")}).json()["name"]
    public, _ = a_signing_pair(origin)
    url = f"/v1/depot/origins/{origin}/keys/{REVISION}"

    assert gateway.http.post(url, content=chunked([public.text.encode()])).status_code == 201
    key = gateway.http.get(url)
    assert (key.text, key.headers["X-Filename"]) == (public.text, f"{origin}-{REVISION}.pub")


def test_a_body_over_the_limit_of_api_gateway_is_413(gateway: Gateway) -> None:
    reply = gateway.http.post("/v1/depot/origins", content=chunked([bytes(MIB)] * 11))

    assert reply.status_code == 413


def test_an_unreachable_api_is_502(origin: str) -> None:
    hart = a_hart(origin=origin)
    with a_gateway("http://127.0.0.1:9") as gateway:
        assert gateway.http.get("/v1/status").status_code == 502
        upload = gateway.http.post(f"/v1{hart.url}", params=query_of(hart), content=chunked([hart.content]))
        assert (upload.status_code, upload.content) == (502, b"")


def test_the_configuration_is_read_from_the_environment() -> None:
    assert read_config({"BLDR_GATEWAY_API": "https://api.test/"}) == Config("https://api.test")
    assert read_config({"BLDR_GATEWAY_API": "http://a", "BLDR_GATEWAY_LARGEST": "7"}).max_archive_bytes == 7


@pytest.mark.parametrize(
    "environment", [{}, {"BLDR_GATEWAY_API": "api"}, {"BLDR_GATEWAY_API": "http://a", "BLDR_GATEWAY_PORT": "x"}]
)
def test_an_invalid_configuration_names_the_variable(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigInvalid, match="BLDR_GATEWAY_"):
        read_config(environment)


def test_the_container_needs_no_code_of_the_service() -> None:
    for source in Path(REPOSITORY, "gateway").glob("*.py"):
        assert "chalicelib" not in source.read_text(), source
