"""Bytes that are written once and sent, perhaps repeatedly: small ones from memory, others from a temporary file."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO

BLOCK_BYTES = 64 * 1024


class SpoolFailed(Exception):
    """The temporary file could not be written, probably because the disk is full."""


class Spool:
    """At most one block is in memory. The temporary file has no name and ends with this object."""

    def __init__(self) -> None:
        self.size = 0
        self._block = bytearray()
        self._file: IO[bytes] | None = None

    async def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes. Raises SpoolFailed."""
        self.size += len(chunk)
        self._block += chunk
        if len(self._block) <= BLOCK_BYTES:
            return
        block, self._block = self._block, bytearray()
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as this object lives
            await asyncio.to_thread(self._file.write, block)
        except OSError as problem:
            raise SpoolFailed from problem

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield all bytes from the beginning. Raises SpoolFailed."""
        if self._file is not None:
            try:
                self._file.seek(0)
                while block := await asyncio.to_thread(self._file.read, BLOCK_BYTES):
                    yield block
            except OSError as problem:
                raise SpoolFailed from problem
        if self._block:
            yield bytes(self._block)

    def close(self) -> None:
        """Delete the bytes."""
        self._block = bytearray()
        if self._file is not None:
            self._file.close()
