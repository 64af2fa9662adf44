"""The front around the probe app, for gunicorn."""

import os

from app import app
from local.front import Front


def front() -> Front:
    limit = os.environ.get("PROBE_LARGEST_BODY")
    more = {} if limit is None else {"largest_body": int(limit)}
    return Front(app, bucket="probe-artifacts", verify=lambda _path, query: query.get("Signature") == "good", **more)
