"""Answers: status, body and headers (packages.md 1.2-1.4, accounts.md 1.1)."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from chalicelib.core import answer_size
from chalicelib.core.header_text import as_file_name, in_header, in_parameter

NO_CACHE = {"Cache-Control": "private, no-cache, no-store"}
TEXT_TYPES = ("application/json", "text/")
"""The beginnings of the content types that are sent as text; all other bodies are sent in Base64."""
CACHE_YEAR = {"Cache-Control": "public, max-age=31536000"}


class AnswerTooLarge(Exception):
    """The answer is too large to be sent.

    Bounds on what is stored and listed prevent this for all answers but a few lists without pages (packages.md 1.2).
    """


class Answer(Struct, frozen=True):
    """An HTTP answer. An empty body has no content type."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = {}

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers to send. Values are escaped, because some contain text from clients."""
        escaped = {name: in_header(value) for name, value in self.headers.items()}
        return {**escaped, "Content-Type": self.content_type} if self.content_type else escaped

    def demand_sendable(self) -> None:
        """Raise AnswerTooLarge if a function cannot return the answer."""
        is_text = self.content_type.startswith(TEXT_TYPES)
        if not answer_size.fits(self.body, is_text):
            raise AnswerTooLarge(
                f"The answer would have {len(self.body)} bytes; {answer_size.BODY_LIMIT} are allowed at most"
            )


def empty(status: int) -> Answer:
    """Return an answer with an empty body."""
    return Answer(status)


def text(status: int, body: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return plain text, without quotes and without a newline at the end."""
    return Answer(status, body.encode(), "text/plain; charset=utf-8", headers or {})


def json_answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return compact JSON, because some clients compare the raw text."""
    return Answer(status, encode(body), "application/json", headers or {})


def attachment(name: str, body: str) -> Answer:
    """Return a key file.

    hab requires the header `X-Filename`; the web UI splits `Content-Disposition` at its two single quotes.
    """
    headers = {
        **NO_CACHE,
        "X-Filename": as_file_name(name),
        "Content-Disposition": f"attachment; filename*=ISO-8859-1''{in_parameter(name)}",
    }
    return text(200, body, headers)


EMPTY_200 = empty(200)
EMPTY_201 = empty(201)
EMPTY_204 = empty(204)
