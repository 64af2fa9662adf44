"""Downloads by signed URL through the local stand-in for the distribution (platform.md 4.3, D3; hab-observed.md)."""

import re
from urllib.parse import quote, urlsplit

import httpx
import pytest
import requests

from tests.builders.hart import Hart, a_hart
from tests.builders.lifetimes import SHARED
from tests.builders.stack import Stack
from tests.builders.waiting import PATIENCE


@pytest.fixture(scope="module")
def hart(stack: Stack) -> Hart:
    """A published archive whose version has to be percent-encoded."""
    hart = a_hart(origin=stack.an_origin(), version="1.0+a~b%2", payload=bytes(range(256)) * 40)
    query = {"checksum": hart.checksum, "target": hart.target, "forced": "false"}
    assert stack.http.post(f"/v1/depot/pkgs/{quote(hart.path)}", params=query, content=hart.content).is_success
    return hart


@pytest.fixture(scope="module")
def redirect(stack: Stack, hart: Hart) -> httpx.Response:
    """The answer to a download request."""
    return stack.http.get(f"/v1/depot/pkgs/{quote(hart.path)}/download", params={"target": hart.target})


@pytest.fixture(scope="module")
def signed(redirect: httpx.Response) -> str:
    """The signed URL in that answer."""
    return redirect.headers["Location"]


def test_a_download_is_an_empty_302_that_caches_store_for_seconds(
    redirect: httpx.Response, signed: str, stack: Stack
) -> None:
    assert (redirect.status_code, redirect.content) == (302, b"")
    assert redirect.headers["Cache-Control"] == SHARED
    assert signed.startswith(f"{stack.url}/artifacts/")


def test_a_signed_url_needs_no_token_and_its_answer_has_the_headers_that_hab_requires(signed: str, hart: Hart) -> None:
    reply = httpx.get(signed, timeout=PATIENCE)

    assert (reply.status_code, reply.content) == (200, hart.content)
    assert reply.headers["X-Filename"] == hart.archive_name
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Length"] == str(len(hart.content))


def test_the_token_of_a_client_is_ignored(signed: str) -> None:
    assert httpx.get(signed, headers={"Authorization": "Bearer invalid"}, timeout=PATIENCE).status_code == 200


def test_a_range_can_be_downloaded(signed: str, hart: Hart) -> None:
    reply = httpx.get(signed, headers={"Range": "bytes=10-19"}, timeout=PATIENCE)

    assert (reply.status_code, reply.content) == (206, hart.content[10:20])
    assert reply.headers["X-Filename"] == hart.archive_name


def test_the_answer_to_head_has_the_length_but_no_body(signed: str, hart: Hart) -> None:
    reply = httpx.head(signed, timeout=PATIENCE)

    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["Content-Length"] == str(len(hart.content))


def test_a_url_with_a_changed_expiry_time_is_403(signed: str) -> None:
    changed = re.sub(r"Expires=([0-9]+)", lambda match: f"Expires={int(match[1]) + 1}", signed)

    assert httpx.get(changed, timeout=PATIENCE).status_code == 403


def test_the_signature_of_another_object_is_403(signed: str, stack: Stack) -> None:
    other = a_hart(origin=stack.an_origin())
    assert stack.upload(other).status_code == 201
    path = stack.http.get(f"/v1{other.url}/download").headers["Location"].partition("?")[0]

    assert httpx.get(f"{path}?{urlsplit(signed).query}", timeout=PATIENCE).status_code == 403


def test_a_client_that_follows_redirects_downloads_the_archive(stack: Stack, hart: Hart) -> None:
    url = f"{stack.url}/v1/depot/pkgs/{quote(hart.path)}/download"
    reply = requests.get(url, {"target": hart.target}, headers={"Authorization": "Bearer bobo"}, timeout=PATIENCE)

    assert [each.status_code for each in [*reply.history, reply]] == [302, 200]
    assert (reply.content, reply.headers["X-Filename"]) == (hart.content, hart.archive_name)
