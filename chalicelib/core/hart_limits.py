"""How much of its reader's time and memory a package archive may take (packages.md section 12)."""

from dataclasses import dataclass

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class HartLimits:
    """What an archive may cost its reader. All sizes in bytes.

    Unpacked bytes may reach `unpacked_floor` at once and grow from there with the bytes received (`unpacked_ratio`), so
    that a large honest archive passes and a bomb ends after a second; `unpacked` ends everything.
    """

    header: int = 4 * KIB
    # `xz -9`, which people do use, needs 65 MiB to unpack; only a larger dictionary by hand needs more
    xz_memory: int = 68 * MIB
    xz_streams: int = 1_000
    unpacked_floor: int = 256 * MIB
    unpacked_ratio: int = 200
    unpacked: int = 64 * GIB
    # members, and the headers that only extend the next one
    tar_headers: int = 300_000
    extension: int = 64 * KIB
    extensions: int = 16 * MIB
    manifest: int = 16 * MIB
    metafile: int = 1 * MIB
    metafiles: int = 32 * MIB

    def of_metafile(self, name: str) -> int:
        """How long a metafile may be; MANIFEST lists every file of a package."""
        return self.manifest if name == "MANIFEST" else self.metafile


DEFAULT_LIMITS = HartLimits()
