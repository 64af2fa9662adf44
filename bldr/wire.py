"""Requests to one Builder: the token, retries with growing pauses, and statuses as errors."""

import os
import ssl
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from bldr import __version__
from bldr.configuration import Credentials, answer_seconds
from bldr.errors import AnswerMalformed, Unreachable, refused

TROUBLE = (429, 500, 502, 503, 504)
"""Statuses after which the same request may succeed."""

AGENT = f"habitat-builder-cli/{__version__}"
"""Front proxies slow down agents whose name holds neither `hab` nor `builder` (platform.md 1.8)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is repeated, and how long the pauses are: `pause`, twice that, and so on, in seconds."""

    repeats: int = 5
    pause: float = 0.5
    longest_pause: float = 20.0

    def after(self, failures: int) -> float:
        """The pause after so many failures in a row."""
        return min(self.longest_pause, self.pause * 2.0 ** (failures - 1))


PATIENT = Patience()


class Wire:
    """Sends requests to a Builder; safe to use from several threads."""

    def __init__(self, credentials: Credentials, patience: Patience = PATIENT) -> None:
        self.address = credentials.address
        self.patience = patience
        self._bearer = _Bearer(credentials.token)
        self._timeout = (10.0, answer_seconds())
        self._mine = threading.local()

    @property
    def has_token(self) -> bool:
        """Whether requests carry a token."""
        return self._bearer.token is not None

    def ask(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        *path: str,
        to: str,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (200,),
        repeatable: bool = True,
        stream: bool = False,
    ) -> requests.Response:
        """The answer, whose status is one of `accept`; `to` says what is wanted, for messages.

        A body that is a file is read again from where it stood for each repeat. What is not `repeatable` is sent
        once only. Raises Unreachable, Refused.
        """
        url = self.address.url(path, {name: _text(value) for name, value in (query or {}).items()})
        session = self._session(repeatable)
        try:
            answer = session.request(
                method, url, json=json, data=body, headers=headers, timeout=self._timeout, stream=stream
            )
        except requests.RequestException as problem:
            host = self.address.host
            raise Unreachable(
                f"cannot {to}: {host} gives no answer ({reason(problem)}); is it the right one?"
            ) from None
        if answer.status_code not in accept:
            raise refused(answer.status_code, _body(answer), to, self.address.host, self.has_token)
        return answer

    def json(self, method: str, *path: str, to: str, **how: Any) -> Any:
        """The JSON of the answer. Raises Unreachable, Refused, AnswerMalformed."""
        return json_of(self.ask(method, *path, to=to, **how), self.address.host)

    def put_elsewhere(self, url: str, body: Any) -> requests.Response:
        """Send a body to a signed URL, without our token and without retries. Raises requests' own errors."""
        return self._session(repeatable=False).put(url, data=body, auth=_Bearer(None), timeout=self._timeout)

    def _session(self, repeatable: bool) -> requests.Session:
        kept: dict[bool, requests.Session] = self._mine.__dict__.setdefault("sessions", {})
        if repeatable not in kept:
            kept[repeatable] = self._new_session(repeatable)
        return kept[repeatable]

    def _new_session(self, repeatable: bool) -> requests.Session:
        session = requests.Session()
        session.auth = self._bearer
        session.headers.update({"User-Agent": AGENT, "Accept": "*/*"})
        if certificates := os.environ.get(ssl.get_default_verify_paths().openssl_cafile_env):
            session.verify = certificates  # what hab reads as well; requests' own variables still win
        adapter = HTTPAdapter(max_retries=self._retries(repeatable))
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def _retries(self, repeatable: bool) -> Retry:
        repeats = self.patience.repeats
        return Retry(
            total=repeats,
            read=repeats if repeatable else 0,
            status=repeats if repeatable else 0,
            other=0,
            status_forcelist=TROUBLE,
            allowed_methods=None,
            backoff_factor=self.patience.pause,
            backoff_max=self.patience.longest_pause,
            backoff_jitter=self.patience.pause / 2,
            raise_on_status=False,
        )


def reason(problem: BaseException) -> str:
    """The innermost cause of a failed request, which quotes no URL."""
    while inner := getattr(problem, "reason", None) or next(_errors_in(problem), None):
        if not isinstance(inner, BaseException):
            break
        problem = inner
    return str(problem).rpartition(": ")[2].strip("()'\" ") or type(problem).__name__


def json_of(answer: requests.Response, host: str) -> Any:
    """The JSON of an answer. Raises AnswerMalformed."""
    try:
        return answer.json()
    except requests.exceptions.JSONDecodeError:
        raise AnswerMalformed(f"{host} answers with something that is no JSON; is it a Builder?") from None


class _Bearer(AuthBase):
    """Sets the token, and keeps requests from taking a password for the host out of ~/.netrc instead."""

    def __init__(self, token: str | None) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def _errors_in(problem: BaseException) -> Any:
    return (inner for inner in problem.args if isinstance(inner, BaseException))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(answer: requests.Response) -> str:
    """The text of a refusal; pages of proxies say nothing that fits a line."""
    with answer:
        kind = answer.headers.get("Content-Type", "")
        try:
            return "" if "html" in kind or "xml" in kind else answer.text
        except requests.RequestException:
            return ""
