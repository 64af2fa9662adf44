"""The front with the probe app, for gunicorn."""

import os
from concurrent.futures import ThreadPoolExecutor

from app import app
from local import http_protocol
from local.asgi import AsgiFront
from local.front import MAX_ARCHIVE_BYTES, Front


def front() -> AsgiFront:
    """Return a front that accepts every URL whose signature is `good`."""
    limit = int(os.environ.get("PROBE_MAX_BODY", MAX_ARCHIVE_BYTES))
    probed = Front(
        app,
        bucket="probe-artifacts",
        verify=lambda _path, query: query.get("Signature") == "good",
        raw_uploads=["/digest"],
        max_archive_bytes=limit,
    )
    idle_seconds = float(os.environ.get("PROBE_SECONDS", "300"))
    http_protocol.HEAD_SECONDS = http_protocol.UNREAD_SECONDS = idle_seconds
    return AsgiFront(probed, ThreadPoolExecutor(int(os.environ.get("BLDR_THREADS", "32"))), idle_seconds)
