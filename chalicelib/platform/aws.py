"""AWS clients, built once, when first needed; botocore without boto3 saves 20 ms of cold start (design.md 7)."""

import os
import threading
from functools import cache
from typing import Any

_building = threading.Lock()


@cache
def _session() -> Any:
    from botocore.session import get_session

    return get_session()


@cache
def client(service: str) -> Any:
    """The client of an AWS service; the engine comes from AWS_ENDPOINT_URL[_SERVICE] as everywhere.

    Connections are pooled for 32 threads; three tries stay within the API's 29 s. Signed URLs of S3 name the bucket's
    own region ("virtual"): a new bucket elsewhere answers the common address with a redirect, which no PUT survives;
    and botocore would still sign those of one region in a way that new buckets refuse.
    """
    from botocore.config import Config

    config = Config(
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=32,
        connect_timeout=3,
        read_timeout=20,
        retries={"mode": "standard", "max_attempts": 3},
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path" if _has_own_endpoint() else "virtual"} if service == "s3" else None,
    )
    with _building:  # botocore sessions may not create clients in two threads at once
        return _session().create_client(service, config=config)


def _has_own_endpoint() -> bool:
    """True where an endpoint variable points at an embedded engine, which knows buckets by path only."""
    return any(variable in os.environ for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
