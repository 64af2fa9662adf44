"""The front around the probe app, for gunicorn."""

from app import app
from infra.local.front import Front


def front() -> Front:
    return Front(app, bucket="probe-artifacts", verify=lambda _path, query: query.get("Signature") == "good")
