"""A large archive in parts over real HTTP: put by one process, checked by another, held in memory by neither."""

import itertools
from collections.abc import Iterator

import httpx

from chalicelib.core.ident import PackageIdent
from tests.builders.names import a_name
from tests.builders.stack import Stack
from tests.builders.uploads import MIB, BigHart
from tests.builders.waiting import PATIENCE

MEBIBYTES = 100


def cut(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in parts."""
    part = bytearray()
    for piece in pieces:
        part += piece
        while len(part) >= size:
            yield bytes(part[:size])
            del part[:size]
    if part:
        yield bytes(part)


def test_a_hundred_megabytes_go_in_parts_and_come_out_again(stack: Stack) -> None:
    ident = PackageIdent(stack.an_origin(), a_name("large"), "1.0", "20240101000000")
    big = BigHart(ident, MEBIBYTES)
    said = {"ident": str(ident), "target": big.target, "checksum": big.checksum, "size": big.size}
    before = stack.api_memory()

    begun = stack.http.post("/v1/depot/uploads", json=said).json()
    parts = cut(big.pieces(), begun["part_size"])
    for announced, part in itertools.zip_longest(begun["parts"], parts):
        assert httpx.put(announced["url"], content=part, timeout=PATIENCE).status_code == 200
    replies = (stack.http.post(f"/v1/depot/uploads/{begun['upload_id']}/complete") for _ in range(10))
    done = next(reply for reply in replies if reply.status_code != 202)

    assert (done.status_code, done.text) == (201, f"/pkgs/{ident}/download")
    assert stack.api_memory() - before <= 32 * MIB
    received = 0
    with stack.http.stream("GET", f"/v1/depot/pkgs/{ident}/download", follow_redirects=True) as reply:
        assert (
            reply.headers["X-Filename"]
            == begun["ident"]["origin"] + f"-{ident.name}-1.0-20240101000000-x86_64-linux.hart"
        )
        for piece in reply.iter_bytes():
            received += len(piece)
    assert received == big.size
