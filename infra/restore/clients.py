"""AWS clients of the operator, who waits longer and repeats more than a request of the service may."""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import get_session

CONCURRENCY = 32
"""Calls at the same time."""

READ_SECONDS = 300
"""S3 may send nothing for minutes while it copies a large object."""


@cache
def client(service: str) -> Any:
    """Return the client of an AWS service, which all threads share. Call it first in one thread."""
    config = Config(
        max_pool_connections=CONCURRENCY,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 8},
    )
    return get_session().create_client(service, config=config)
