"""Uploads in parts as tests need them, and archives of any size that cost little to make."""

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
class Begun:
    """An upload that a client has begun."""

    depot: Depot
    hart: Hart
    by: str
    reply: Reply

    @property
    def url(self) -> str:
        """Where it is, below `/v1`."""
        return f"/depot/uploads/{self.reply.json()['upload_id']}"

    @property
    def parts(self) -> dict[int, str]:
        """URLs by part number."""
        return {part["number"]: part["url"] for part in self.reply.json()["parts"]}

    def state(self, **query: Any) -> Any:
        """What the depot says about it."""
        return self.depot.get(self.url, by=self.by, query=query).json()

    def send(self, *numbers: int) -> "Begun":
        """Put parts where their URLs say; all of them unless numbers are given."""
        size = self.reply.json()["part_size"]
        for number in numbers or range(1, len(self.parts) + 1):
            content = self.hart.content[(number - 1) * size : number * size]
            assert requests.put(self.parts[number], data=content, timeout=PATIENCE).status_code == 200
        return self

    def complete(self) -> Reply:
        """Ask for its publication."""
        return self.depot.post(f"{self.url}/complete", by=self.by)


def announcement(hart: Hart, **more: Any) -> dict[str, Any]:
    """What a client says about an archive."""
    said = {"ident": hart.path, "target": hart.target, "checksum": hart.checksum, "size": len(hart.content)}
    return {**said, **more}


def an_upload(depot: Depot, hart: Hart, by: str = "bobo", **more: Any) -> Begun:
    """Begin an upload."""
    reply = depot.post("/depot/uploads", by=by, json=announcement(hart, **more))
    assert reply.status == 201, reply
    return Begun(depot, hart, by, reply)


@dataclass(frozen=True)
class BigHart:
    """A readable archive of so many MiB and a little, never held in memory: the same xz stream again and again."""

    ident: PackageIdent
    mebibytes: int
    target: str = "x86_64-linux"

    def pieces(self) -> Iterator[bytes]:
        """Its bytes."""
        head, block, tail = self._streams
        yield head
        for _ in range(self.mebibytes // self._step):
            yield block
        yield tail

    @cached_property
    def checksum(self) -> str:
        """BLAKE2b-256 of the whole file."""
        found = hashlib.blake2b(digest_size=32)
        for piece in self.pieces():
            found.update(piece)
        return found.hexdigest()

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return sum(map(len, self.pieces()))

    @property
    def _step(self) -> int:
        return 1 if self.mebibytes < 500 else 4  # readers take a thousand streams

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
            begin = stream.getvalue()[: tar.offset] + filling.tobuf(tarfile.GNU_FORMAT)
        noise = random.Random(7).randbytes(self._step * MIB)
        return (
            signed(lzma.compress(begin, preset=0)),
            lzma.compress(noise, preset=0),
            lzma.compress(bytes(2 * tarfile.BLOCKSIZE), preset=0),
        )
