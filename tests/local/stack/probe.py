"""The front with the probe app, for gunicorn."""

import os

from app import app
from local.front import Front


def front() -> Front:
    """Return a front that accepts every URL whose signature is `good`."""
    limit = os.environ.get("PROBE_MAX_BODY")
    options = {} if limit is None else {"max_body_bytes": int(limit)}
    return Front(app, bucket="probe-artifacts", verify=lambda _path, query: query.get("Signature") == "good", **options)
