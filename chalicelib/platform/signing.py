"""Signs the requests to DynamoDB with AWS Signature Version 4.

botocore's signer supports every kind of request, and takes a quarter of the CPU time of a call. All requests to
DynamoDB are a POST of `/` with the same few headers, and the key of the signature changes once a day.
"""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError

ALGORITHM = "AWS4-HMAC-SHA256"
SIGNED_HEADERS = ("content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target")
"""In the order of their names. Without temporary credentials there is no security token."""


def replace_signer(client: Any, get_credentials: Callable[[], Any]) -> None:
    """Let a client of DynamoDB sign its requests with this module.

    The endpoint is then always that of the region, which botocore otherwise finds out again for every request.
    """
    events, region, url = client.meta.events, client.meta.region_name, client.meta.endpoint_url
    host = SigV4Auth(None, "", "").headers_to_sign(AWSRequest(url=url))["host"]

    def sign(request: Any, **_: Any) -> None:
        credentials = get_credentials()
        if credentials is None:
            raise NoCredentialsError
        _sign(request, credentials.get_frozen_credentials(), region, host, datetime.now(UTC))

    client._ruleset_resolver = None
    events.unregister("request-created.dynamodb", client._request_signer.handler)
    events.register("request-created.dynamodb", sign)


def _sign(request: Any, credentials: Any, region: str, host: str, moment: datetime) -> None:
    timestamp = moment.strftime(SIGV4_TIMESTAMP)
    request.headers["X-Amz-Date"] = timestamp
    if credentials.token:
        request.headers["X-Amz-Security-Token"] = credentials.token
    values = {
        "content-type": request.headers["Content-Type"],
        "host": host,
        "x-amz-date": timestamp,
        "x-amz-security-token": credentials.token,
        "x-amz-target": request.headers["X-Amz-Target"],
    }
    names = [name for name in SIGNED_HEADERS if values[name]]
    signed, headers = ";".join(names), "\n".join([f"{name}:{values[name]}" for name in names])
    canonical = f"POST\n/\n\n{headers}\n\n{signed}\n{sha256(request.body).hexdigest()}"
    scope = f"{timestamp[:8]}/{region}/dynamodb/aws4_request"
    to_sign = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_key(credentials.secret_key, timestamp[:8], region), to_sign.encode(), "sha256").hex()
    request.headers["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"
    )


@lru_cache(maxsize=4)
def _key(secret: str, day: str, region: str) -> bytes:
    """Return the key of the signatures of a day."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, "dynamodb", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
