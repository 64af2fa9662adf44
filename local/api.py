"""The API that gunicorn serves: the project's own app behind the front."""

import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from app import app
from chalicelib.core.deferred import load_deferred
from chalicelib.platform import aws, logs, row, table, waiting
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring
from local.asgi import AsgiFront
from local.distribution import SignedUrls
from local.front import Front
from local.part_uploads import PartUploads, is_loopback
from local.settings import STATE

WAITING_SHARE = 4
"""One of so many threads may serve a request that waits for a job or for a line of a log."""


def build() -> AsgiFront:
    """Return the ASGI application, ready for its first request."""
    _warm_up()
    waiting.limit_places(max(1, thread_number() // WAITING_SHARE))
    front = Front(app, verify=SignedUrls(config), parts=_parts())
    return AsgiFront(front, request_threads(), end=waiting.end)


def _parts() -> PartUploads | None:
    """Return the parts of uploads to the store of the state folder, which only this machine reaches."""
    store = str(aws.client("s3").meta.endpoint_url)
    is_own = os.environ.get(STATE) and is_loopback(urlsplit(store).hostname)
    return PartUploads(store, config.bucket) if is_own else None


def thread_number() -> int:
    """Return the number of threads in which requests are handled."""
    return int(os.environ.get("BLDR_THREADS") or "32")


def request_threads() -> ThreadPoolExecutor:
    """Return the threads in which requests are handled."""
    return ThreadPoolExecutor(thread_number(), thread_name_prefix="request")


def _warm_up() -> None:
    """Load deferred modules, which is not thread-safe later, and open the clients that the first requests need."""
    load_deferred()
    logs.logger()
    key_ring()
    aws.client("s3")
    table.read(row.Key(row.Row, "first", "request"))
