"""Decompression of hostile xz input: forward only, in bounded memory, to a verified end (packages.md section 12)."""

import lzma
from collections.abc import Iterable, Iterator

from chalicelib.core.harts.hart_limits import HartLimits
from chalicelib.core.harts.hart_refusals import HartUnreadable

PIECE_BYTES = 256 << 10


class XzReader:
    """The unpacked bytes of an xz payload, readable once from beginning to end."""

    def __init__(self, packed: Iterable[bytes], limits: HartLimits) -> None:
        self._decompression = _Decompression(limits)
        self._pieces = self._decompression.pieces(packed)
        self._piece = b""
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        """The number of unpacked bytes read or skipped."""
        return self._before + self._at

    @property
    def packed(self) -> int:
        """The number of packed bytes received."""
        return self._decompression.packed

    def read(self, count: int) -> bytes:
        """Return exactly `count` bytes. Raises HartUnreadable."""
        first = self._piece[self._at : self._at + count]
        self._at += len(first)
        if len(first) == count:
            return first
        parts = [first]
        missing = count - len(first)
        while missing:
            self._next_piece()
            parts.append(self._piece[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Skip `count` bytes. Raises HartUnreadable."""
        end = self.position + count
        while self._before + len(self._piece) < end:
            self._next_piece()
        self._at = end - self._before

    def skip_all(self) -> None:
        """Skip all bytes up to the verified end of the payload. Raises HartUnreadable."""
        for piece in self._pieces:
            self._before += len(piece)

    def _next_piece(self) -> None:
        self._before += len(self._piece)
        self._at = 0
        self._piece = next(self._pieces, b"")
        if not self._piece:
            raise HartUnreadable("the tar is cut off")


class _Decompression:
    """One or more xz streams, with padding between and after them, as the `xz` program accepts them."""

    def __init__(self, limits: HartLimits) -> None:
        self._limits = limits
        self.packed = self._unpacked = self._streams = self._padding = 0
        self._stream: lzma.LZMADecompressor | None = None

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the unpacked bytes. Raises HartUnreadable, also for other bytes around the streams."""
        for block in blocks:
            self.packed += len(block)
            rest = block
            while rest:
                stream = self._stream
                if stream is None:
                    rest = self._without_padding(rest)
                    if not rest:
                        break
                    stream = self._stream = self._new_stream()
                for piece in _decompressed(stream, rest):
                    self._count(piece)
                    yield piece
                rest = stream.unused_data
                self._stream = None if stream.eof else stream
        self._check_end()

    def _without_padding(self, rest: bytes) -> bytes:
        following = rest.lstrip(b"\0")
        self._padding += len(rest) - len(following)
        return following

    def _new_stream(self) -> lzma.LZMADecompressor:
        if self._padding % 4 or (self._padding and not self._streams):
            raise HartUnreadable("the payload is not an xz stream")
        self._streams, self._padding = self._streams + 1, 0
        if self._streams > self._limits.xz_streams:
            raise HartUnreadable("the payload has too many xz streams")
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, self._limits.xz_memory)

    def _count(self, piece: bytes) -> None:
        self._unpacked += len(piece)
        in_proportion = max(self._limits.unpacked_floor, self._limits.unpacked_ratio * self.packed)
        if self._unpacked > min(in_proportion, self._limits.unpacked):
            raise HartUnreadable("the payload unpacks to too many bytes")

    def _check_end(self) -> None:
        if not self._streams:
            raise HartUnreadable("there is no payload")
        if self._stream is not None:
            raise HartUnreadable("the xz stream is cut off")
        if self._padding % 4:
            raise HartUnreadable("the xz stream is followed by other bytes")


def _decompressed(stream: lzma.LZMADecompressor, block: bytes) -> Iterator[bytes]:
    rest = block
    while True:
        try:
            piece = stream.decompress(rest, PIECE_BYTES)
        except (lzma.LZMAError, EOFError, ValueError, MemoryError) as damage:
            raise HartUnreadable(f"the xz stream is damaged: {damage}") from None
        if piece:
            yield piece
        if stream.eof or stream.needs_input:
            return
        rest = b""  # the decompressor has buffered the input that it has not unpacked yet
