"""Downloads by signed URL through the local stand-in for the distribution (platform.md 4.3, D3; hab-observed.md)."""

import re
from urllib.parse import quote, urlsplit

import httpx
import pytest
import requests

from tests.builders.hart import Hart, a_hart
from tests.builders.stack import Stack
from tests.builders.waiting import PATIENCE


@pytest.fixture(scope="module")
def hart(stack: Stack) -> Hart:
    """A published archive whose version needs escapes."""
    hart = a_hart(origin=stack.an_origin(), version="1.0+a~b%2", payload=bytes(range(256)) * 40)
    assert stack.http.post(
        f"/v1/depot/pkgs/{quote(hart.path)}", params=_announced(hart), content=hart.content
    ).is_success
    return hart


@pytest.fixture(scope="module")
def redirect(stack: Stack, hart: Hart) -> httpx.Response:
    """The answer to a download."""
    return stack.http.get(f"/v1/depot/pkgs/{quote(hart.path)}/download", params={"target": hart.target})


@pytest.fixture(scope="module")
def signed(redirect: httpx.Response) -> str:
    """The URL that it leads to."""
    return redirect.headers["Location"]


def _announced(hart: Hart) -> dict[str, str]:
    return {"checksum": hart.checksum, "target": hart.target, "forced": "false"}


def test_a_download_is_an_empty_302_that_nobody_may_keep(redirect, signed, stack):
    assert (redirect.status_code, redirect.content) == (302, b"")
    assert redirect.headers["Cache-Control"] == "private, no-store"
    assert signed.startswith(f"{stack.url}/artifacts/")


def test_the_final_answer_needs_no_token_and_carries_what_hab_insists_on(signed, hart):
    reply = httpx.get(signed, timeout=PATIENCE)

    assert (reply.status_code, reply.content) == (200, hart.content)
    assert reply.headers["X-Filename"] == hart.archive_name
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Length"] == str(len(hart.content))


def test_a_token_that_a_client_brings_along_does_no_harm(signed):
    assert httpx.get(signed, headers={"Authorization": "Bearer nobody"}, timeout=PATIENCE).status_code == 200


def test_a_part_can_be_fetched(signed, hart):
    reply = httpx.get(signed, headers={"Range": "bytes=10-19"}, timeout=PATIENCE)

    assert (reply.status_code, reply.content) == (206, hart.content[10:20])
    assert reply.headers["X-Filename"] == hart.archive_name


def test_head_tells_the_same_without_the_bytes(signed, hart):
    reply = httpx.head(signed)

    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["Content-Length"] == str(len(hart.content))


def test_a_url_whose_time_was_moved_is_403(signed):
    moved = re.sub(r"Expires=([0-9]+)", lambda found: f"Expires={int(found[1]) + 1}", signed)

    assert httpx.get(moved, timeout=PATIENCE).status_code == 403


def test_a_url_for_another_object_is_403(signed, stack):
    other = a_hart(origin=stack.an_origin())
    assert stack.upload(other).status_code == 201
    path = stack.http.get(f"/v1{other.url}/download").headers["Location"].partition("?")[0]

    assert httpx.get(f"{path}?{urlsplit(signed).query}", timeout=PATIENCE).status_code == 403


def test_a_client_that_follows_redirects_gets_the_bytes(stack, hart):
    url = f"{stack.url}/v1/depot/pkgs/{quote(hart.path)}/download"
    reply = requests.get(url, {"target": hart.target}, headers={"Authorization": "Bearer bobo"}, timeout=PATIENCE)

    assert [each.status_code for each in [*reply.history, reply]] == [302, 200]
    assert (reply.content, reply.headers["X-Filename"]) == (hart.content, hart.archive_name)
