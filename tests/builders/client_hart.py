"""Archives with the layout of the real client's, and archives of the real client if they are available.

Unlike the archives of `a_hart` they have folders, the signed list FILES, and the owners and the order of members that
the client's `tar` writes. Those for Windows have the line ends, folders and tar format of that client.
"""

import hashlib
import io
import lzma
import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from tests.builders.hart import Hart, signed
from tests.builders.reference import REFERENCE

SIGNER = "workshop-20240805120128"
LIBC, HEADERS, MAKE = (
    "core/glibc/2.27/20190115002733",
    "core/linux-headers/4.17.12/20190115002705",
    "core/dmake/4.12/20181030202937",
)
REPACKED_TDEPS = 1024


def client_harts() -> list[Hart]:
    """Return an archive of every kind that the client makes, and the real archives."""
    return [*_built(), *_real()]


def corrupt_harts() -> list[bytes]:
    """Return archives that the client refuses: one with an invalid key name and no payload, and the real ones."""
    header = signed(b"", signer=f"{SIGNER}-not-a-key!")
    return [header.removesuffix(b"\n"), *(path.read_bytes() for path in (REFERENCE / "harts").glob("bogus*.hart"))]


def _built() -> Iterator[Hart]:
    yield _of_linux("workshop/plain/1.0.0/20240301123456", "share/ share/readme.txt IDENT TARGET MANIFEST")
    yield _of_linux("workshop/minimal/1.0.0/20240301123456", "TARGET MANIFEST IDENT FILES")
    yield _of_linux("workshop/native/0.1.0/20240301123456", "PACKAGE_TYPE FILES TARGET IDENT MANIFEST")
    for version in ("0.1.3", "0.1.4"):
        ident = f"workshop/configured/{version}/20240301123456"
        yield _of_linux(ident, "FILES TARGET config/ config/config.json PATH MANIFEST TYPE IDENT")
    yield _of_linux(
        "workshop/linked/0.1.3/20240301123456",
        "TDEPS RUNTIME_PATH DEPS TARGET MANIFEST IDENT RUNTIME_ENVIRONMENT FILES TYPE",
        Target.X86_64_LINUX_KERNEL2,
    )
    yield _of_windows("workshop/linked/0.1.4/20240301123456")
    yield _repacked("workshop/repacked/8.1.4/20240301123456")


def _real() -> Iterator[Hart]:
    for path in sorted((REFERENCE / "harts").glob("*.hart")):
        if path.name.startswith("bogus"):
            continue
        # One archive was repacked by hand under another file name; its ident is still the old one.
        stem, _, target = path.stem.removeprefix("un").rpartition("-x86_64-")
        front, version, release = stem.rsplit("-", 2)
        origin, _, name = front.partition("-")
        yield Hart(path.read_bytes(), PackageIdent(origin, name, version, release), f"x86_64-{target}")


def _of_linux(ident_text: str, order: str, target: Target = Target.X86_64_LINUX) -> Hart:
    """Return an archive as GNU tar and xz make it. Names in `order` that end in a slash are folders."""
    ident = PackageIdent.parse(ident_text)
    folder, contents = f"hab/pkgs/{ident}", _contents(ident, target)
    contents["FILES"] = _listed(folder, {name: contents[name] for name in order.split() if name in contents})
    members = {folder: None} | {f"{folder}/{name}".removesuffix("/"): contents.get(name) for name in order.split()}
    return _packed(ident, target, members, owner=(0, 0, "root", "root"))


def _of_windows(ident_text: str) -> Hart:
    """Return an archive as 7-Zip makes it: with all parent folders, sorted members and lines that end in CR LF."""
    ident, target = PackageIdent.parse(ident_text), Target.X86_64_WINDOWS
    folder, path = f"hab/pkgs/{ident}", f"\\hab\\pkgs\\{ident}".replace("/", "\\")
    contents = _contents(ident, target) | {
        "BUILD_DEPS": f"{MAKE}\n",
        "BUILD_TDEPS": f"{MAKE}\n",
        "LIB_DIRS": f"{path}\\lib\n",
        "PATH": f"{path}\\bin\n",
        "RUNTIME_ENVIRONMENT": f"PATH={path}\\bin\n",
        "RUNTIME_PATH": f"{path}\\bin\n",
        "SVC_GROUP": "hab\n",
        "SVC_USER": "hab\n",
    }
    order = "bin/ BUILD_DEPS BUILD_TDEPS IDENT lib/ LIB_DIRS MANIFEST PATH RUNTIME_ENVIRONMENT RUNTIME_PATH SVC_GROUP"
    members = dict.fromkeys(_folders(folder)) | {
        f"{folder}/{name}".removesuffix("/"): contents.get(name, "").replace("\n", "\r\n") or None
        for name in [*order.split(), "SVC_USER", "TARGET"]
    }
    return _packed(ident, target, members, owner=(0, 0, "", ""), form=tarfile.USTAR_FORMAT, check=lzma.CHECK_CRC32)


def _repacked(ident_text: str) -> Hart:
    """Return an archive that was repacked by hand and repeats one dependency a thousand times."""
    ident, target = PackageIdent.parse(ident_text), Target.X86_64_LINUX
    folder, contents = f"hab/pkgs/{ident}", _contents(ident, target) | {"TDEPS": f"{LIBC}\n" * REPACKED_TDEPS + "\n\n"}
    order = "IDENT MANIFEST share/ share/readme.txt TARGET TDEPS"
    members = dict.fromkeys(_folders(folder)) | {
        f"{folder}/{name}".removesuffix("/"): contents.get(name) for name in order.split()
    }
    return _packed(ident, target, members, owner=(501, 20, "", "dialout"))


def _contents(ident: PackageIdent, target: Target) -> dict[str, str]:
    """Return the contents of the files of a package by name."""
    libc = f"/hab/pkgs/{LIBC}"
    return {
        "IDENT": f"{ident}\n",
        "TARGET": f"{target}\n",
        "TYPE": "standalone\n",
        "PACKAGE_TYPE": "native\n",
        "MANIFEST": MANIFEST.format(ident=ident, origin=ident.origin, name=ident.name, target=target),
        "PATH": "\n",
        "DEPS": f"{LIBC}\n",
        "TDEPS": f"{LIBC}\n{HEADERS}\n",
        "RUNTIME_PATH": f"{libc}/bin\n",
        "RUNTIME_ENVIRONMENT": f"PATH={libc}/bin\n",
        "config/config.json": "{\n}\n",
        "share/readme.txt": "read me\n",
    }


MANIFEST = """# {origin} / {name}
A package for tests

* __Maintainer__: The Workshop <workshop@example.com>
* __Target__: {target}
* __License__: Apache-2.0
* __Path__: `/hab/pkgs/{ident}`
* __Build Dependencies__: no build dependencies or undefined

# Plan

## Plan Source

```bash
pkg_name={name}
pkg_origin={origin}
```
"""


def _listed(folder: str, contents: Mapping[str, str]) -> str:
    """Return the metafile FILES: a header like that of an archive, and the hashes of all files but MANIFEST."""
    hashes = {name: hashlib.blake2b(text.encode(), digest_size=32).hexdigest() for name, text in contents.items()}
    lines = [f"{digest}  /{folder}/{name}\n" for name, digest in sorted(hashes.items()) if name != "MANIFEST"]
    return signed("".join(lines).encode(), SIGNER).decode()


def _folders(path: str) -> list[str]:
    """Return a path and all folders above it, the topmost first."""
    parts = path.split("/")
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _packed(
    ident: PackageIdent,
    target: Target,
    members: Mapping[str, str | None],
    *,
    owner: tuple[int, int, str, str],
    form: int = tarfile.GNU_FORMAT,
    check: int = lzma.CHECK_CRC64,
) -> Hart:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        for path, text in members.items():
            member = tarfile.TarInfo(path)
            member.uid, member.gid, member.uname, member.gname = owner
            member.mtime = datetime.strptime(ident.release, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
            if text is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(member)
            else:
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
    return Hart(signed(lzma.compress(stream.getvalue(), check=check), SIGNER), ident, target)
