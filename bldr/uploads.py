"""Upload an archive: small ones in one request, large ones in parts that can be resumed (platform.md 4.4)."""

import time

import requests
from msgspec import Struct

from bldr.archives import Archive
from bldr.cache import CachedUploadId
from bldr.client import Builder
from bldr.errors import ChangeRefused, RequestRefused, Unreachable
from bldr.files import FileSlice
from bldr.http_transport import RETRYABLE, Request, root_cause
from bldr.multipart_upload import MultipartUpload
from bldr.progress import Advance
from bldr.responses import UploadResponse

SINGLE_REQUEST_BYTES = 4 << 20
"""Largest archive that is sent in one request. The Builder's functions accept bodies of about 4.4 MB."""

UPLOADS = ("depot", "uploads")

PUBLISH_SECONDS = 3600.0
"""How long to wait until the Builder has published a complete upload."""

POLL_SECONDS = 5.0
LONGEST_POLL_SECONDS = 60.0

URL_EXPIRED = (400, 403)
"""Statuses of object stores for an expired signed URL."""


class UploadOptions(Struct, frozen=True):
    """Up to which size in bytes an archive is sent in one request, and whether an existing one is sent again.

    `from_worker` marks the upload of a worker, which starts no builds of dependents (builds.md 6.4).
    """

    single_request_bytes: int = SINGLE_REQUEST_BYTES
    forced: bool = False
    from_worker: bool = False


DEFAULT_OPTIONS = UploadOptions()


def upload_archive(builder: Builder, archive: Archive, options: UploadOptions, advance: Advance) -> None:
    """Publish an archive. Succeeds too if it was published by another upload with the same bytes.

    A Builder without multipart uploads gets large archives in one request; one that refuses a large body gets parts.
    Raises RequestRefused, Unreachable, ChangeRefused, PathUnusable.
    """
    upload = _Upload(builder, archive, options, advance)
    try:
        if archive.size > options.single_request_bytes:
            upload.prefer_parts()
        else:
            upload.prefer_single_request()
    except RequestRefused as refusal:
        if refusal.status != 409:
            raise
        require_same_bytes(builder, archive)


def require_same_bytes(builder: Builder, archive: Archive) -> None:
    """Require that the Builder has the archive with the same bytes. Raises ChangeRefused."""
    published = builder.find(archive.package)
    if published is None or published.checksum != archive.details.checksum:
        raise ChangeRefused(f"{archive.package} exists at {builder} with different bytes; build a new release")


class _MultipartUnsupported(Exception):
    """The Builder has no multipart uploads."""


class _Upload:
    def __init__(self, builder: Builder, archive: Archive, options: UploadOptions, advance: Advance) -> None:
        self._builder, self._archive, self._options, self._advance = builder, archive, options, advance
        self._transport = builder.transport
        self._purpose = f"upload {archive.package}"
        self._cached_id = CachedUploadId(str(builder), archive.details, options.forced)

    def prefer_parts(self) -> None:
        """Send parts, or one request if the Builder has no multipart uploads."""
        try:
            self._send_parts()
        except _MultipartUnsupported:
            self._send_single_request()

    def prefer_single_request(self) -> None:
        """Send one request, or parts if the Builder refuses a body of this size and has multipart uploads."""
        try:
            self._send_single_request()
        except RequestRefused as refusal:
            if refusal.status != 413:
                raise
            try:
                self._send_parts()
            except _MultipartUnsupported:
                raise refusal from None

    def _send_single_request(self) -> None:
        ident, details = self._archive.package.ident, self._archive.details
        path = ("depot", "pkgs", ident.origin, ident.name, ident.version, ident.release)
        query = {"checksum": details.checksum, "target": details.package.target, "forced": self._options.forced}
        query |= {"builder": ""} if self._options.from_worker else {}
        headers = {"Content-Type": "application/octet-stream"}
        with FileSlice(self._archive.path, 0, self._archive.size, self._advance) as body:
            self._transport.send(
                Request("POST", path, self._purpose, query, body=body, headers=headers, accept=(200, 201))
            )

    def _send_parts(self) -> None:
        """Send missing parts until there are none. Only rounds that add no part count towards the limit of retries."""
        policy = self._transport.retry_policy
        upload = self._resumed() or self._started()
        self._advance(sum(upload.received.values()))
        failures = 0
        while upload.accepts_parts:
            problem = self._send_next_parts(upload)
            received_before = len(upload.received)
            upload = self._current(upload.id)
            failures = 0 if len(upload.received) > received_before else failures + 1
            if failures > policy.retries:
                package = self._archive.package
                raise problem or Unreachable(f"the object store does not keep the parts of {package}")
            if failures:
                time.sleep(policy.delay(failures))
        self._complete(upload)
        self._cached_id.delete()

    def _resumed(self) -> MultipartUpload | None:
        """Return the upload that an earlier run started, or None if there is none that can be completed."""
        upload_id = self._cached_id.read()
        if upload_id is None:
            return None
        try:
            upload = self._current(upload_id)
        except RequestRefused as refusal:
            if refusal.status not in (400, 404):
                raise
            return None
        return None if upload.state == "refused" else upload

    def _started(self) -> MultipartUpload:
        details = self._archive.details
        announcement = {
            "ident": str(details.package.ident),
            "target": str(details.package.target),
            "checksum": details.checksum,
            "size": self._archive.size,
            "forced": self._options.forced,
            **({"builder": True} if self._options.from_worker else {}),
        }
        # A Builder may refuse the token of a job for uploads in parts, and still accept one request.
        unsupported = (403, 404, 405) if self._options.from_worker else (404, 405)
        request = Request("POST", UPLOADS, self._purpose, json=announcement, accept=(201, *unsupported))
        response = self._transport.send(request)
        if response.status_code != 201:
            raise _MultipartUnsupported
        upload = MultipartUpload.of(self._transport.decode(response, UploadResponse), self._archive.size)
        self._cached_id.write(upload.id)
        return upload

    def _current(self, upload_id: str) -> MultipartUpload:
        request = Request("GET", (*UPLOADS, upload_id), f"resume the upload of {self._archive.package}")
        return MultipartUpload.of(self._transport.fetch(request, UploadResponse), self._archive.size)

    def _send_next_parts(self, upload: MultipartUpload) -> Unreachable | None:
        """Send the missing parts that have URLs, until one fails; return its error."""
        for number, url in sorted(upload.urls.items()):
            problem = self._send_part(upload, number, url)
            if problem is not None:
                package = self._archive.package
                return Unreachable(f"part {number} of {package} does not reach the object store ({problem})")
        return None

    def _send_part(self, upload: MultipartUpload, number: int, url: str) -> str | None:
        """Send a part; return why it must be sent again, or None. Raises RequestRefused."""
        part = upload.part(number)
        try:
            with FileSlice(self._archive.path, part.start, part.size, self._advance) as body:
                status = self._transport.put_to_signed_url(url, body).status_code
                if status == 200:
                    return None
                body.seek(0)
        except requests.RequestException as problem:
            return root_cause(problem)
        if status in (*URL_EXPIRED, *RETRYABLE):
            return f"status {status}"
        raise RequestRefused(status, f"the object store refuses {self._archive.package} ({status})")

    def _complete(self, upload: MultipartUpload) -> None:
        """Ask the Builder to publish the archive until it has. Raises Unreachable after an hour."""
        deadline = time.monotonic() + PUBLISH_SECONDS
        request = Request("POST", (*UPLOADS, upload.id, "complete"), self._purpose, accept=(200, 201, 202))
        while (response := self._transport.send(request)).status_code == 202:
            if time.monotonic() > deadline:
                package = self._archive.package
                raise Unreachable(f"{self._builder} has not published {package} within an hour; check its logs")
            time.sleep(_poll_delay(response.headers.get("Retry-After", "")))


def _poll_delay(retry_after: str) -> float:
    if retry_after.isascii() and retry_after.isdecimal():
        return min(float(retry_after), LONGEST_POLL_SECONDS)
    return POLL_SECONDS
