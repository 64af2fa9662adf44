"""Download an archive to a file: resume after an interruption, verify the checksum, rename when complete."""

import time
from pathlib import Path

import requests

from bldr.archives import checksum_of, has_checksum
from bldr.client import Builder
from bldr.errors import ArchiveDamaged, PathUnusable, Unreachable
from bldr.files import move_into_place
from bldr.http_transport import root_cause
from bldr.packages import PackageDetails
from bldr.progress import ProgressReporter

BLOCK_BYTES = 256 << 10


def download_archive(builder: Builder, details: PackageDetails, path: Path, progress: ProgressReporter) -> bool:
    """Download an archive unless the file exists with the right checksum; return whether it was downloaded.

    Raises ArchiveDamaged if the checksum differs from the one in `details`, Unreachable, RequestRefused, PathUnusable.
    """
    try:
        if has_checksum(path, details.checksum):
            return False
        part = path.with_name(f".{path.name}.{details.checksum[:16]}.part")
        _download_verified(builder, details, part, progress)
        move_into_place(part, path)
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be written: {problem.strerror}") from None
    return True


def _download_verified(builder: Builder, details: PackageDetails, part: Path, progress: ProgressReporter) -> None:
    """Download until the checksum is right. If it is wrong after a resume, start again once without the old bytes."""
    while True:
        is_resumed = part.exists()
        _download_with_retries(builder, details, part, progress)
        if checksum_of(part) == details.checksum:
            return
        part.unlink()
        if not is_resumed:
            raise ArchiveDamaged(f"the download of {details.package} from {builder} is damaged: its checksum differs")


def _download_with_retries(builder: Builder, details: PackageDetails, part: Path, progress: ProgressReporter) -> None:
    """Download the missing bytes. Only attempts that add no bytes count towards the limit of retries."""
    policy = builder.transport.retry_policy
    failures = 0
    while True:
        part.touch()
        size_before = part.stat().st_size
        problem = _append(builder, details, part, progress)
        if problem is None:
            return
        failures = failures + 1 if part.stat().st_size <= size_before else 1
        if failures > policy.retries:
            host, cause = builder.transport.address.host, root_cause(problem)
            raise Unreachable(f"the download of {details.package} from {host} was interrupted ({cause})")
        time.sleep(policy.delay(failures))


def _append(
    builder: Builder, details: PackageDetails, part: Path, progress: ProgressReporter
) -> requests.RequestException | None:
    """Append the missing bytes, or start again if the Builder sends the whole archive.

    Return the error that interrupted the transfer, or None when it is complete.
    """
    start = part.stat().st_size
    with builder.download(details.package, start) as response:
        if response.status_code == 416:  # no bytes are missing, or the file is too long: the checksum decides
            return None
        if not _continues_at(response, start):
            start = 0
        length = _content_length(response)
        size = None if length is None else start + length
        try:
            with (
                progress.transfer(f"downloading {details.package}", size) as advance,
                part.open("ab" if start else "wb") as file,
            ):
                advance(start)
                for block in response.iter_content(BLOCK_BYTES):
                    file.write(block)
                    advance(len(block))
        except requests.RequestException as problem:
            return problem
    return None


def _continues_at(response: requests.Response, start: int) -> bool:
    return response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _content_length(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdecimal() else None
