"""A large archive uploaded in parts over HTTP, which neither the API nor its background thread holds in memory."""

import itertools
from collections.abc import Iterator

import httpx

from chalicelib.core.ident import PackageIdent
from tests.builders.names import a_name
from tests.builders.stack import Stack
from tests.builders.uploads import MIB, BigHart
from tests.builders.waiting import PATIENCE

MEBIBYTES = 100


def parts_of(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in parts of a size."""
    part = bytearray()
    for chunk in chunks:
        part += chunk
        while len(part) >= size:
            yield bytes(part[:size])
            del part[:size]
    if part:
        yield bytes(part)


def test_a_hundred_megabytes_can_be_uploaded_in_parts_and_downloaded(stack: Stack) -> None:
    ident = PackageIdent(stack.an_origin(), a_name("large"), "1.0", "20240101000000")
    big = BigHart(ident, MEBIBYTES)
    announcement = {"ident": str(ident), "target": big.target, "checksum": big.checksum, "size": big.size}
    before = stack.api_memory()

    upload = stack.http.post("/v1/depot/uploads", json=announcement).json()
    parts = parts_of(big.pieces(), upload["part_size"])
    for announced, part in itertools.zip_longest(upload["parts"], parts):
        assert httpx.put(announced["url"], content=part, timeout=PATIENCE).status_code == 200
    replies = (stack.http.post(f"/v1/depot/uploads/{upload['upload_id']}/complete") for _ in range(10))
    completed = next(reply for reply in replies if reply.status_code != 202)

    assert (completed.status_code, completed.text) == (201, f"/pkgs/{ident}/download")
    assert stack.api_memory() - before <= 32 * MIB
    received = 0
    with stack.http.stream("GET", f"/v1/depot/pkgs/{ident}/download", follow_redirects=True) as reply:
        assert reply.headers["X-Filename"] == f"{ident.origin}-{ident.name}-1.0-20240101000000-x86_64-linux.hart"
        for chunk in reply.iter_bytes():
            received += len(chunk)
    assert received == big.size
