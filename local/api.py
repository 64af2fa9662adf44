"""The API that gunicorn serves: the project's own app behind the front."""

from app import app
from chalicelib.core.deferred import load_deferred
from chalicelib.platform import aws, logs, table
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring
from local.distribution import SignedUrls
from local.front import Front


def build() -> Front:
    """Return the WSGI application, ready for its first request."""
    _warm_up()
    return Front(app, verify=SignedUrls(config))


def _warm_up() -> None:
    """Load deferred modules, which is not thread-safe later, and open the clients that the first requests need."""
    load_deferred()
    logs.logger()
    key_ring()
    aws.client("s3")
    table.read(table.Key(table.Row, "first", "request"))
