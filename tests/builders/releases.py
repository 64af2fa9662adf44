"""Published releases as tests need them: the smallest archive that the depot takes, uploaded through the API."""

import io
import itertools
import lzma
import tarfile
from base64 import b64encode
from hashlib import blake2b

from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot
from tests.builders.names import a_name

LINUX, WINDOWS = "x86_64-linux", "x86_64-windows"
_releases = itertools.count(20240101000000)


def a_small_archive(ident: PackageIdent, target: str = LINUX) -> bytes:
    """A `.hart` with the three metafiles that must be there."""
    payload = io.BytesIO()
    with tarfile.open(fileobj=payload, mode="w") as tar:
        for metafile, content in {"IDENT": str(ident), "TARGET": target, "MANIFEST": f"# {ident}"}.items():
            entry = tarfile.TarInfo(f"hab/pkgs/{ident}/{metafile}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content.encode()))
    signature = b64encode(bytes(128)).decode()
    header = f"HART-1\n{ident.origin}-20240101000000\nBLAKE2b\n{signature}\n\n"
    return header.encode() + lzma.compress(payload.getvalue(), preset=0)


def a_release(
    depot: Depot,
    origin: str,
    name: str | None = None,
    version: str = "1.0.0",
    release: str | None = None,
    target: str = LINUX,
    by: str = "bobo",
) -> PackageIdent:
    """Publish a release; what is not said is fresh."""
    ident = PackageIdent(origin, name or a_name("package"), version, release or str(next(_releases)))
    archive = a_small_archive(ident, target)
    checksum = blake2b(archive, digest_size=32).hexdigest()
    reply = depot.post(
        f"/depot/pkgs/{ident}", by=by, body=archive, query={"checksum": checksum, "target": target, "forced": "true"}
    )
    assert reply.status == 201, reply
    return ident


def promoted(depot: Depot, ident: PackageIdent, channel: str, target: str = LINUX, by: str = "bobo") -> None:
    """Promote a release, making the channel if need be."""
    assert depot.post(f"/depot/channels/{ident.origin}/{channel}", by=by).status in (201, 409)
    assert change_channel(depot, ident, channel, "promote", target, by) == 200


def change_channel(
    depot: Depot, ident: PackageIdent, channel: str, verb: str, target: str = LINUX, by: str = "bobo"
) -> int:
    """Promote or demote a release; gives the status."""
    place = f"/depot/channels/{ident.origin}/{channel}/pkgs/{ident.name}/{ident.version}/{ident.release}"
    return depot.put(f"{place}/{verb}", by=by, query={"target": target}).status


def seen_as(depot: Depot, ident: PackageIdent, visibility: str, by: str = "bobo") -> None:
    """Change who sees a release."""
    assert depot.patch(f"/depot/pkgs/{ident}/{visibility}", by=by).status == 200
