"""Archives as `hab` makes them. Every metafile can be set, changed or left out (packages.md section 12)."""

import base64
import hashlib
import io
import lzma
import random
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chalicelib.core.ident import PackageIdent
from tests.builders.keys import the_signing_key

A_MANIFEST = "# {ident}\n\n* __Maintainer__: Somebody\n* __Version__: {version}\n\n```bash\npkg_name={name}\n```\n"


@dataclass(frozen=True)
class Hart:
    """An archive with its ident and target."""

    content: bytes
    ident: PackageIdent
    target: str

    @cached_property
    def checksum(self) -> str:
        """BLAKE2b-256 of the whole file."""
        return hashlib.blake2b(self.content, digest_size=32).hexdigest()

    @property
    def path(self) -> str:
        """The ident as it appears in paths."""
        return str(self.ident)

    @property
    def archive_name(self) -> str:
        """The file name of the archive."""
        return f"{self.path.replace('/', '-')}-{self.target}.hart"

    @property
    def url(self) -> str:
        """The path of the package in the depot, below `/v1`."""
        return f"/depot/pkgs/{self.path}"

    def in_channel(self, channel: str) -> str:
        """Return the path of the package in a channel, below `/v1`."""
        ident = self.ident
        return f"/depot/channels/{ident.origin}/{channel}/pkgs/{ident.name}/{ident.version}/{ident.release}"


def a_hart(
    *,
    origin: str = "acme",
    name: str = "widget",
    version: str = "1.2.3",
    release: str = "20240301123456",
    target: str = "x86_64-linux",
    deps: Iterable[str] = (),
    tdeps: Iterable[str] = (),
    build_deps: Iterable[str] = (),
    build_tdeps: Iterable[str] = (),
    exposes: Iterable[int | str] = (),
    manifest: str = A_MANIFEST,
    config: str | None = None,
    package_type: str | None = None,
    extra_files: Mapping[str, bytes] | None = None,
    signer: str = "acme-20240101120000",
    payload: bytes = b"",
    omit: Iterable[str] = (),
) -> Hart:
    """Return an archive. The same arguments give the same bytes.

    `extra_files` are further files of the package, or other contents of metafiles. `payload` is the content of a file
    that makes archives differ. `omit` names metafiles to leave out.
    """
    ident = PackageIdent(origin, name, version, release)
    metafiles = {
        "IDENT": f"{ident}\n",
        "TARGET": f"{target}\n",
        "TYPE": "standalone\n",
        "MANIFEST": manifest.replace("{ident}", str(ident)).replace("{version}", version).replace("{name}", name),
        "DEPS": _lines(deps),
        "TDEPS": _lines(tdeps),
        "BUILD_DEPS": _lines(build_deps),
        "BUILD_TDEPS": _lines(build_tdeps),
        "EXPOSES": " ".join(map(str, exposes)),
        "default.toml": config or "",
        "PACKAGE_TYPE": package_type or "",
    }
    always = {"IDENT", "TARGET", "TYPE", "MANIFEST"}
    files = {file: text.encode() for file, text in metafiles.items() if text or file in always}
    files |= {"share/payload.dat": payload} if payload else {}
    files |= extra_files or {}
    kept = {file: content for file, content in files.items() if file not in set(omit)}
    return Hart(signed(packed(f"hab/pkgs/{ident}", kept), signer), ident, target)


def a_large_hart_file(
    path: Path,
    megabytes: int,
    *,
    origin: str = "acme",
    name: str = "large",
    version: str = "1.0.0",
    release: str = "20240301123456",
) -> PackageIdent:
    """Write an archive with a number of MiB of random bytes. The same arguments give the same bytes."""
    ident = PackageIdent(origin, name, version, release)
    texts = {"IDENT": f"{ident}\n", "TARGET": "x86_64-linux\n", "MANIFEST": f"# {ident}\n"}
    with path.open("wb") as file:
        file.write(signed(b""))
        start = file.tell()
        with (
            lzma.open(file, "wb", preset=0) as xz,
            tarfile.open(fileobj=xz, mode="w|", format=tarfile.GNU_FORMAT) as tar,
        ):
            _add(tar, f"hab/pkgs/{ident}/share/noise.dat", _Noise(megabytes << 20), megabytes << 20)
            for file_name, text in texts.items():
                _add(tar, f"hab/pkgs/{ident}/{file_name}", io.BytesIO(text.encode()), len(text))
    with path.open("r+b") as file:
        file.seek(start)
        digest = hashlib.blake2b(digest_size=32)
        while block := file.read(1 << 20):
            digest.update(block)
        file.seek(0)
        file.write(_header(digest.hexdigest(), "acme-20240101120000"))
    return ident


def packed(folder: str, files: Mapping[str, bytes]) -> bytes:
    """Return an xz-compressed tar of files below a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in files.items():
            _add(tar, f"{folder}/{name}", io.BytesIO(content), len(content))
    return lzma.compress(stream.getvalue(), preset=0)


def signed(payload: bytes, signer: str = "acme-20240101120000") -> bytes:
    """Return an archive: the five header lines, signed with the signer's key, and the payload."""
    return _header(hashlib.blake2b(payload, digest_size=32).hexdigest(), signer) + payload


class _Noise:
    """A stream of `size` random bytes, which can be read once."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._random = random.Random(size)

    def read(self, size: int = -1, /) -> bytes:
        count = self._left if size < 0 else min(size, self._left)
        self._left -= count
        return self._random.randbytes(count)


def _header(digest: str, signer: str) -> bytes:
    signature = base64.b64encode(the_signing_key(signer).sign(digest.encode())).decode()
    return f"HART-1\n{signer}\nBLAKE2b\n{signature}\n\n".encode()


def _add(tar: tarfile.TarFile, path: str, content: "io.BytesIO | _Noise", size: int) -> None:
    member = tarfile.TarInfo(path)
    member.size, member.mode, member.mtime = size, 0o644, 1_709_296_496
    tar.addfile(member, content)


def _lines(values: Iterable[str]) -> str:
    return "".join(f"{value}\n" for value in values)
