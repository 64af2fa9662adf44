"""Limits on the time and memory that reading a package archive may take (packages.md section 12)."""

from msgspec import Struct

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

LIST_ENTRIES = 4_000
"""Limit of the idents or ports in one metafile. Real packages have up to about 1,500 transitive dependencies."""


class HartLimits(Struct, frozen=True):
    """Limits on one archive; all sizes are in bytes.

    header: the lines before the payload.
    xz_memory: memory of the decompressor. `xz -9` needs 65 MiB; only a larger dictionary set by hand needs more.
    xz_streams: number of xz streams.
    unpacked_floor, unpacked_ratio: unpacked bytes are limited to the floor or, if it is larger, to the packed bytes so
    far times the ratio. So a large honest archive passes, and a decompression bomb is stopped after about a second.
    unpacked: limit of unpacked bytes for any archive.
    headers_floor, bytes_per_header: tar headers, including those that only extend the next one, are limited to the
    floor or, if it is larger, to the packed bytes so far divided by `bytes_per_header`. Equal headers compress to
    nothing, and parsing each takes as long as unpacking kilobytes.
    tar_headers: limit of tar headers for any archive.
    extension, extensions: size of one extension header, and of all together.
    manifest, metafile, metafiles: size of MANIFEST, of any other metafile, and of all together.
    """

    header: int = 4 * KIB
    xz_memory: int = 68 * MIB
    xz_streams: int = 1_000
    unpacked_floor: int = 256 * MIB
    unpacked_ratio: int = 200
    unpacked: int = 64 * GIB
    headers_floor: int = 50_000
    bytes_per_header: int = 64
    tar_headers: int = 300_000
    extension: int = 64 * KIB
    extensions: int = 16 * MIB
    manifest: int = 5 * MIB
    metafile: int = 1 * MIB
    metafiles: int = 16 * MIB

    def of_metafile(self, name: str) -> int:
        """Return the size that a metafile may have; MANIFEST may be longer, because it contains the plan."""
        return self.manifest if name == "MANIFEST" else self.metafile

    def of_headers(self, packed: int) -> int:
        """Return how many tar headers an archive may have after a number of packed bytes."""
        return min(max(self.headers_floor, packed // self.bytes_per_header), self.tar_headers)


DEFAULT_LIMITS = HartLimits()
