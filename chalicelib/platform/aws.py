"""AWS clients, built once, when first needed, and when their calls are tried again.

botocore without boto3 saves 20 ms of cold start (design.md 7). Its own retries are off: they know nothing of the
29 s that a request has, nor of transactions that collide. A call tried again here is the same request on the wire: a
transaction keeps its `ClientRequestToken`, so one whose answer got lost is not written twice nor taken for somebody
else's.
"""

import os
import threading
from functools import cache
from typing import Any

from chalicelib.platform import retry_budget

CONNECTIONS = 32
CONNECT_SECONDS = 2
READ_SECONDS = {"s3": 20}
"""S3 is silent for long when it joins or copies large objects; all others answer in milliseconds."""

OTHERS_READ_SECONDS = 4

PASSING_STATUSES = (500, 502, 503, 504)
PASSING_CODES = frozenset(
    {
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
PASSING_REASONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Why a transaction is cancelled that may succeed as it is; of a failed condition its maker must hear at once."""

_clients: dict[str, Any] = {}
_building = threading.Lock()


class SecretUnavailable(Exception):
    """A secret of ours cannot be read now."""


def client(service: str) -> Any:
    """The client of an AWS service, one for all threads; the engine comes from AWS_ENDPOINT_URL[_SERVICE].

    Signed URLs of S3 name the bucket's own region ("virtual"): a new bucket elsewhere answers the common address with
    a redirect, which no PUT survives; and botocore would still sign those of one region in a way that new buckets
    refuse.
    """
    known = _clients.get(service)
    if known is not None:
        return known
    with _building:  # botocore sessions may not create clients in two threads at once
        if service not in _clients:
            _clients[service] = _created(service)
        return _clients[service]


def secret_text(name: str) -> str:
    """The text of a secret in Secrets Manager. Raises SecretUnavailable."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        text: str = client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    except (BotoCoreError, ClientError) as problem:
        raise SecretUnavailable from problem
    return text


@cache
def _session() -> Any:
    from botocore.session import get_session

    return get_session()


def _created(service: str) -> Any:
    from botocore.config import Config

    config = Config(
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        parameter_validation=service != "dynamodb",  # PynamoDB's requests are right, and a tenth of a call's CPU
        max_pool_connections=CONNECTIONS,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS.get(service, OTHERS_READ_SECONDS),
        retries={"mode": "standard", "total_max_attempts": 1},
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path" if _has_own_endpoint() else "virtual"} if service == "s3" else None,
    )
    made = _session().create_client(service, config=config)
    made.meta.events.register("request-created", _note_try)
    made.meta.events.register("needs-retry", _try_again)
    return made


def _has_own_endpoint() -> bool:
    """True where an endpoint variable points at an embedded engine, which knows buckets by path only."""
    return any(variable in os.environ for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))


def _note_try(request: Any, **_: Any) -> None:
    context = request.context
    if "bldr_patience" not in context:
        context["bldr_patience"] = retry_budget.current()
    context["bldr_began"] = retry_budget.clock()


def _try_again(response: Any, caught_exception: Any, attempts: int, request_dict: Any, **_: Any) -> int | None:
    """What botocore asks after every try: 0 has it send the same request again, None is the end of it."""
    if not _is_passing(response, caught_exception):
        return None
    context = request_dict["context"]
    lost = retry_budget.clock() - context["bldr_began"]
    return 0 if context["bldr_patience"].pause(attempts, lost) else None


def _is_passing(response: Any, problem: BaseException | None) -> bool:
    """True for faults that may be gone in a moment: AWS is busy, stumbles, or its answer got lost."""
    if problem is not None:
        from botocore.exceptions import ConnectionError as NotConnected
        from botocore.exceptions import HTTPClientError

        return isinstance(problem, NotConnected | HTTPClientError)
    http, parsed = response
    code = parsed.get("Error", {}).get("Code", "")
    if code == "TransactionCanceledException":
        reasons = {reason.get("Code", "None") for reason in parsed.get("CancellationReasons", ())} - {"None"}
        return bool(reasons) and reasons <= PASSING_REASONS
    return http.status_code in PASSING_STATUSES or code in PASSING_CODES
