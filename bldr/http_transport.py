"""HTTP transport to one Builder: the token, retries with exponential back-off, and error statuses as exceptions."""

import os
import ssl
import threading
from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

import requests
from msgspec import Struct
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from bldr import __version__
from bldr.config import Credentials, response_timeout
from bldr.errors import RequestRefused, Unreachable, request_refused
from bldr.files import FileSlice
from bldr.responses import decode

RETRYABLE = (429, 500, 502, 503, 504)
"""Statuses after which the same request may succeed."""

CONNECT_SECONDS = 10.0

USER_AGENT = f"habitat-builder-cli/{__version__}"
"""The name contains `hab`, because front proxies apply lower rate limits to unknown user agents (platform.md 1.8)."""

T = TypeVar("T")


class RetryPolicy(Struct, frozen=True):
    """How often to retry a request, and the exponential back-off between attempts in seconds."""

    retries: int = 5
    base_delay: float = 0.5
    max_delay: float = 20.0

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after a number of consecutive failures."""
        return min(self.max_delay, self.base_delay * 2.0 ** (failures - 1))


DEFAULT_RETRIES = RetryPolicy()


class Request(Struct, frozen=True):
    """A request to a Builder; its `path` starts below `/v1`.

    `purpose` completes "cannot ..." in error messages. `accept` lists the statuses that are not errors. A request that
    is not idempotent is sent only once. With `stream` the body of the response is not read.
    """

    method: str
    path: tuple[str, ...]
    purpose: str
    query: Mapping[str, object] = {}
    json: Mapping[str, object] | None = None
    body: FileSlice | bytes | None = None
    headers: Mapping[str, str] = {}
    accept: Collection[int] = (200,)
    is_idempotent: bool = True
    stream: bool = False


class HttpTransport:
    """Sends requests to a Builder. Safe for use from several threads."""

    def __init__(
        self,
        credentials: Credentials,
        retry_policy: RetryPolicy = DEFAULT_RETRIES,
        response_seconds: float | None = None,
    ) -> None:
        """Take the time to wait for a response in seconds, by default the configured one."""
        self.address = credentials.address
        self.retry_policy = retry_policy
        self._auth = _BearerAuth(credentials.token)
        self._timeout = (CONNECT_SECONDS, response_seconds or response_timeout())
        self._thread = threading.local()

    def send(self, request: Request) -> requests.Response:
        """Send a request and return the response. Raises Unreachable, RequestRefused.

        A body that is a file slice is rewound before each retry.
        """
        try:
            response = self._session(request.is_idempotent).request(
                request.method,
                self.address.url(request.path, {name: _query_text(value) for name, value in request.query.items()}),
                json=request.json,
                data=request.body,
                headers=request.headers,
                timeout=self._timeout,
                stream=request.stream,
            )
        except requests.RequestException as problem:
            cause = f"{self.address.host} does not respond ({root_cause(problem)}); is the address right?"
            raise Unreachable(f"cannot {request.purpose}: {cause}") from None
        if response.status_code not in request.accept:
            raise self._refused(request, response)
        return response

    def fetch(self, request: Request, shape: type[T]) -> T:
        """Send a request and return the decoded response. Raises Unreachable, RequestRefused, ResponseMalformed."""
        return self.decode(self.send(request), shape)

    def decode(self, response: requests.Response, shape: type[T]) -> T:
        """Return the JSON of a response, decoded into a shape. Raises ResponseMalformed."""
        return decode(response.content, shape, self.address.host)

    def put_to_signed_url(self, url: str, body: FileSlice | bytes) -> requests.Response:
        """Send a body to a signed URL, without the token and without retries. Raises requests.RequestException."""
        session = self._session(is_idempotent=False)
        return session.put(url, data=body, auth=_BearerAuth(None), timeout=self._timeout)

    def _session(self, is_idempotent: bool) -> requests.Session:
        sessions: dict[bool, requests.Session] = self._thread.__dict__.setdefault("sessions", {})
        if is_idempotent not in sessions:
            sessions[is_idempotent] = self._new_session(is_idempotent)
        return sessions[is_idempotent]

    def _new_session(self, is_idempotent: bool) -> requests.Session:
        session = requests.Session()
        session.auth = self._auth
        session.headers.update({"User-Agent": USER_AGENT, "Accept": "*/*"})
        if certificates := os.environ.get(ssl.get_default_verify_paths().openssl_cafile_env):
            session.verify = certificates  # hab's variable; those of `requests` take precedence
        adapter = HTTPAdapter(max_retries=self._retries(is_idempotent))
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def _retries(self, is_idempotent: bool) -> Retry:
        policy = self.retry_policy
        return Retry(
            total=policy.retries,
            read=policy.retries if is_idempotent else 0,
            status=policy.retries if is_idempotent else 0,
            other=0,
            status_forcelist=RETRYABLE,
            allowed_methods=None,
            backoff_factor=policy.base_delay,
            backoff_max=policy.max_delay,
            backoff_jitter=policy.base_delay / 2,
            raise_on_status=False,
        )

    def _refused(self, request: Request, response: requests.Response) -> RequestRefused:
        has_token = self._auth.token is not None
        body = _error_text(response)
        return request_refused(response.status_code, body, request.purpose, self.address.host, has_token)


def root_cause(problem: BaseException) -> str:
    """Return the innermost cause of a failed request as text, without the URL."""
    while inner := getattr(problem, "reason", None) or next(_exceptions_in(problem), None):
        if not isinstance(inner, BaseException):
            break
        problem = inner
    return str(problem).rpartition(": ")[2].strip("()'\" ") or type(problem).__name__


class _BearerAuth(AuthBase):
    """Sets the token. Without a token it still keeps requests from sending a password from ~/.netrc."""

    def __init__(self, token: str | None) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def _query_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error_text(response: requests.Response) -> str:
    """The text of an error response; empty for HTML and XML, which proxies and object stores send."""
    with response:
        media_type = response.headers.get("Content-Type", "")
        try:
            return "" if "html" in media_type or "xml" in media_type else response.text
        except requests.RequestException:
            return ""


def _exceptions_in(problem: BaseException) -> Iterator[BaseException]:
    return (inner for inner in problem.args if isinstance(inner, BaseException))
