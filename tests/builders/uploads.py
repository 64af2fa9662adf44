"""Uploads in parts for tests, and archives of any size that need little memory."""

import hashlib
import io
import lzma
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, signed
from tests.builders.waiting import PATIENCE

MIB = 1 << 20


@dataclass(frozen=True)
class StartedUpload:
    """An upload that a client has started; `reply` is the answer that started it."""

    depot: Depot
    hart: Hart
    by: str
    reply: Reply

    @property
    def id(self) -> str:
        """The upload's id."""
        return str(self.reply.json()["upload_id"])

    @property
    def url(self) -> str:
        """The upload's path below `/v1`."""
        return f"/depot/uploads/{self.id}"

    @property
    def parts(self) -> dict[int, str]:
        """URLs by part number."""
        return {part["number"]: part["url"] for part in self.reply.json()["parts"]}

    def state(self, **query: Any) -> Any:
        """Return the upload as the depot shows it."""
        return self.depot.get(self.url, by=self.by, query=query).json()

    def send(self, *numbers: int) -> "StartedUpload":
        """Send the parts with these numbers to their URLs, by default all parts."""
        size = self.reply.json()["part_size"]
        for number in numbers or range(1, len(self.parts) + 1):
            content = self.hart.content[(number - 1) * size : number * size]
            assert requests.put(self.parts[number], data=content, timeout=PATIENCE).status_code == 200
        return self

    def complete(self) -> Reply:
        """Request the publication."""
        return self.depot.post(f"{self.url}/complete", by=self.by)


def announcement(hart: Hart, **more: Any) -> dict[str, Any]:
    """Return the body that announces an archive."""
    body = {"ident": hart.path, "target": hart.target, "checksum": hart.checksum, "size": len(hart.content)}
    return {**body, **more}


def an_upload(depot: Depot, hart: Hart, by: str = "bobo", **more: Any) -> StartedUpload:
    """Start an upload."""
    reply = depot.post("/depot/uploads", by=by, json=announcement(hart, **more))
    assert reply.status == 201, reply
    return StartedUpload(depot, hart, by, reply)


@dataclass(frozen=True)
class BigHart:
    """A readable archive of a given number of MiB (and a little more), never held in memory: one xz stream repeated."""

    ident: PackageIdent
    mebibytes: int
    target: str = "x86_64-linux"

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes."""
        head, block, tail = self._streams
        yield head
        for _ in range(self.mebibytes // self._step):
            yield block
        yield tail

    @cached_property
    def checksum(self) -> str:
        """The BLAKE2b-256 checksum of the whole file."""
        digest = hashlib.blake2b(digest_size=32)
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return sum(map(len, self.pieces()))

    @property
    def _step(self) -> int:
        return 1 if self.mebibytes < 500 else 4  # The depot reads at most a thousand streams.

    @cached_property
    def _streams(self) -> tuple[bytes, bytes, bytes]:
        stream = io.BytesIO()
        metafiles = {"IDENT": str(self.ident), "TARGET": self.target, "MANIFEST": f"# {self.ident}"}
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name, text in metafiles.items():
                member = tarfile.TarInfo(f"hab/pkgs/{self.ident}/{name}")
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
            filling = tarfile.TarInfo(f"hab/pkgs/{self.ident}/filling")
            filling.size = self.mebibytes * MIB
            head = stream.getvalue()[: tar.offset] + filling.tobuf(tarfile.GNU_FORMAT)
        noise = random.Random(7).randbytes(self._step * MIB)
        return (
            signed(lzma.compress(head, preset=0)),
            lzma.compress(noise, preset=0),
            lzma.compress(bytes(2 * tarfile.BLOCKSIZE), preset=0),
        )
