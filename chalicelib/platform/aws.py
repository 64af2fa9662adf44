"""AWS clients, created on first use, with the retry rule of their calls.

The API uses botocore without boto3, which shortens its cold start; the other functions use boto3. The retries of both
are off, because they know neither the 29 s limit of a request nor transaction conflicts. A retry sends the same request
again: a transaction keeps its `ClientRequestToken`, so that a lost response causes neither a double write nor a false
conflict.
"""

import os
import threading
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed
from botocore.session import get_session

from chalicelib.core.deferred import deferred
from chalicelib.platform import metrics, retry_budget, signing
from chalicelib.platform.aws_services import Service
from chalicelib.platform.config import config as settings
from chalicelib.platform.responses import RowsParserFactory

with deferred():
    import boto3

HANDLER = "_HANDLER"
HANDLER_OF_API = "app.app"
"""Lambda's variable that names the function of a process, and its value for the API."""

CONNECTIONS = 32
CONNECT_SECONDS = 2
READ_SECONDS = 4
S3_READ_SECONDS = 20
"""S3 may send nothing for many seconds while it joins or copies large objects; other services answer within
milliseconds."""

RETRYABLE_STATUSES = (500, 502, 503, 504)
RETRYABLE_CODES = frozenset(
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
CONFLICT = "TransactionConflict"
RETRYABLE_REASONS = frozenset({CONFLICT, "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Cancellation reasons worth a retry; failed conditions are raised at once."""

_clients: dict[str, Any] = {}
_creating = threading.Lock()


class SecretUnavailable(Exception):
    """Secrets Manager did not return a usable secret, which the text names; the caller may try again later."""


def client(service: Service) -> Any:
    """Return the client of an AWS service, which all threads share.

    The environment variables AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> select an endpoint other than AWS.
    """
    existing = _clients.get(service)
    if existing is not None:
        return existing
    with _creating:  # a botocore session is not thread-safe while it creates a client
        if service not in _clients:
            _clients[service] = _created(service)
        return _clients[service]


def secret_text(name: str) -> str:
    """Return the text of a secret in Secrets Manager. Raises SecretUnavailable, also if the value is not a text."""
    try:
        text: str = client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    except (BotoCoreError, ClientError, KeyError) as problem:
        raise SecretUnavailable(name) from problem
    return text


@cache
def _session() -> Any:
    session = get_session()
    session.register_component("response_parser_factory", RowsParserFactory())
    return session


@cache
def _boto3_session() -> Any:
    return boto3.Session(botocore_session=_session())


def _create_client(service: Service, config: Config) -> Any:
    if os.environ.get(HANDLER, HANDLER_OF_API) == HANDLER_OF_API:
        return _session().create_client(service, config=config)
    return _boto3_session().client(service, config=config)


def _created(service: Service) -> Any:
    config = Config(
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        parameter_validation=service != "dynamodb",  # PynamoDB's requests are valid; checking them takes 10 % of a call
        max_pool_connections=CONNECTIONS,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=settings.aws_seconds or (S3_READ_SECONDS if service == "s3" else READ_SECONDS),
        retries={"mode": "standard", "total_max_attempts": 1},
        # In us-east-1 botocore still signs URLs with version 2, which new buckets refuse.
        signature_version="s3v4" if service == "s3" else None,
        # Virtual-hosted addresses contain the bucket's region. For a new bucket in another region, the global address
        # redirects requests, and clients do not follow a redirect of a PUT.
        s3={"addressing_style": "path" if _is_embedded() else "virtual"} if service == "s3" else None,
    )
    created = _create_client(service, config=config)
    if service == "dynamodb":
        signing.replace_signer(created, _session().get_credentials)
    created.meta.events.register("request-created", _begin_attempt)
    created.meta.events.register("needs-retry", _retry_delay)
    return created


def _is_embedded() -> bool:
    """Return whether S3 is the embedded engine, which supports only path-style addresses."""
    return any(variable in os.environ for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))


def _begin_attempt(request: Any, operation_name: str, **_: Any) -> None:
    """Handle botocore's event before each attempt of a call."""
    if operation_name == "TransactWriteItems":
        metrics.current().tries += 1
    context = request.context
    if "bldr_budget" not in context:
        context["bldr_budget"] = retry_budget.current()
    context["bldr_began"] = retry_budget.clock()


def _retry_delay(response: Any, caught_exception: Any, attempts: int, request_dict: Any, **_: Any) -> int | None:
    """Handle botocore's event after each attempt: return 0 to send the request again, None to end the call."""
    if not _is_retryable(response, caught_exception):
        return None
    context = request_dict["context"]
    lost = retry_budget.clock() - context["bldr_began"]
    conflicts = _is_conflict(response)
    if conflicts and retry_budget.ends_on_conflict():
        return None
    return 0 if context["bldr_budget"].pause(attempts, lost, conflicts=conflicts) else None


def _is_retryable(response: Any, problem: BaseException | None) -> bool:
    """Return whether a retry may succeed: AWS is busy or has failed, or its response was lost."""
    if problem is not None:
        return isinstance(problem, ConnectionFailed | HTTPClientError)
    http, parsed = response
    code = parsed.get("Error", {}).get("Code", "")
    if code == "TransactionCanceledException":
        reasons = _reasons(parsed)
        return bool(reasons) and reasons <= RETRYABLE_REASONS
    return http.status_code in RETRYABLE_STATUSES or code in RETRYABLE_CODES


def _is_conflict(response: Any) -> bool:
    """Return whether a call failed only because other writers used its rows."""
    if response is None:
        return False
    _, parsed = response
    return parsed.get("Error", {}).get("Code") == "TransactionConflictException" or _reasons(parsed) == {CONFLICT}


def _reasons(parsed: Any) -> set[str]:
    """Return why a transaction was cancelled."""
    return {reason.get("Code", "None") for reason in parsed.get("CancellationReasons", ())} - {"None"}
