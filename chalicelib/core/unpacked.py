"""Unpacking xz as hostile input: forward only, in bounded memory, to a verified end (packages.md section 12)."""

import lzma
from collections.abc import Iterable, Iterator

from chalicelib.core.hart_limits import HartLimits
from chalicelib.core.hart_refusals import HartUnreadable

PIECE_BYTES = 256 << 10


class Unpacked:
    """The unpacked bytes of a payload, forward only."""

    def __init__(self, packed: Iterable[bytes], limits: HartLimits) -> None:
        self._pieces = _unpacked(packed, limits)
        self._piece = b""
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        """How many bytes were taken or skipped."""
        return self._before + self._at

    def take(self, count: int) -> bytes:
        """Exactly so many bytes. Raises HartUnreadable."""
        taken = self._piece[self._at : self._at + count]
        self._at += len(taken)
        if len(taken) == count:
            return taken
        parts = [taken]
        missing = count - len(taken)
        while missing:
            self._next_piece()
            parts.append(self._piece[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Pass over so many bytes. Raises HartUnreadable."""
        goal = self.position + count
        while self._before + len(self._piece) < goal:
            self._next_piece()
        self._at = goal - self._before

    def skip_all(self) -> None:
        """Pass over everything up to the verified end of the compressed bytes. Raises HartUnreadable."""
        for piece in self._pieces:
            self._before += len(piece)

    def _next_piece(self) -> None:
        self._before += len(self._piece)
        self._at = 0
        self._piece = next(self._pieces, b"")
        if not self._piece:
            raise HartUnreadable("the tar is cut off")


def _unpacked(packed_blocks: Iterable[bytes], limits: HartLimits) -> Iterator[bytes]:
    """The content of one or more xz streams, with padding between and after them as `xz` takes it, and nothing else."""
    packed = unpacked = streams = padding = 0
    stream: lzma.LZMADecompressor | None = None
    for block in packed_blocks:
        packed += len(block)
        left = block
        while left:
            if stream is None:
                following = left.lstrip(b"\0")
                padding += len(left) - len(following)
                left = following
                if not left:
                    break
                if padding % 4 or (padding and not streams):
                    raise HartUnreadable("the payload is no xz stream")
                streams, padding = streams + 1, 0
                if streams > limits.xz_streams:
                    raise HartUnreadable("the payload has too many xz streams")
                stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, limits.xz_memory)
            for piece in _pieces(stream, left):
                unpacked += len(piece)
                if unpacked > min(max(limits.unpacked_floor, limits.unpacked_ratio * packed), limits.unpacked):
                    raise HartUnreadable("the payload unpacks to too many bytes")
                yield piece
            left = stream.unused_data
            stream = None if stream.eof else stream
    if stream is not None or not streams:
        raise HartUnreadable("the xz stream is cut off" if streams else "there is no payload")
    if padding % 4:
        raise HartUnreadable("there is something behind the xz stream")


def _pieces(stream: lzma.LZMADecompressor, block: bytes) -> Iterator[bytes]:
    left = block
    while True:
        try:
            piece = stream.decompress(left, PIECE_BYTES)
        except (lzma.LZMAError, EOFError, ValueError, MemoryError) as damage:
            raise HartUnreadable(f"the xz stream is damaged: {damage}") from None
        if piece:
            yield piece
        if stream.eof or stream.needs_input:
            return
        left = b""  # the stream keeps what it has not unpacked yet
