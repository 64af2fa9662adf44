"""Errors of AWS as one line that says what to do."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

RIGHTS = 'docs/OPERATIONS.md, "Rights of the deploying person"'
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
UNKNOWN_KEY = (
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
DENIED = ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation")


class NotPossible(Exception):
    """The command cannot continue. The text says in one line why, and what to do."""


ADVICE: tuple[tuple[tuple[type[BotoCoreError], ...], str], ...] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        "no AWS credentials were found: run `aws configure`, or set AWS_PROFILE",
    ),
    (
        (SSOError, TokenRetrievalError, CredentialRetrievalError),
        "the AWS credentials cannot be renewed: run `aws sso login` ({})",
    ),
    ((ProfileNotFound,), "{}: set AWS_PROFILE to one of `aws configure list-profiles`"),
    ((NoRegionError,), "no AWS region is set: set AWS_DEFAULT_REGION, for example to eu-central-1"),
    (
        (ConnectionError, HTTPClientError),
        "AWS cannot be reached: check the network, AWS_ENDPOINT_URL and AWS_DEFAULT_REGION ({})",
    ),
)


def explained(problem: BotoCoreError | ClientError) -> str:
    """Return one line about an error: what is wrong, and what the operator can do."""
    if isinstance(problem, ClientError):
        return _refusal(problem)
    advice = next((text for kinds, text in ADVICE if isinstance(problem, kinds)), "AWS: {}")
    return advice.format(_line(problem))


def code_of(problem: ClientError) -> str:
    """Return the error code of AWS."""
    return str(problem.response.get("Error", {}).get("Code", ""))


def _refusal(problem: ClientError) -> str:
    code, operation = code_of(problem), problem.operation_name
    if code in EXPIRED:
        return "the AWS credentials have expired: sign in again, for example with `aws sso login`"
    if code in UNKNOWN_KEY:
        return f"AWS does not accept these credentials ({code}): check AWS_PROFILE and AWS_ACCESS_KEY_ID"
    if code in DENIED:
        return f"these credentials do not have the right to call {operation}: see {RIGHTS} ({_line(problem)})"
    return f"AWS refused {operation}: {_line(problem)}"


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:400]
