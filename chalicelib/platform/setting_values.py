"""Parsers of the texts of settings. Each raises ValueError for a text that cannot be used, and says what is needed."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from chalicelib.core.ident import is_origin_name
from chalicelib.core.plain_text import is_plain, is_plain_name
from chalicelib.core.target import Target, TargetUnknown

_URL = re.compile(r"https?://[!-~]+", re.ASCII | re.IGNORECASE)


def line(text: str) -> str:
    """Return a text without control characters."""
    if not is_plain(text):
        raise ValueError("it must not have control characters")
    return text


def plain_name(text: str) -> str:
    """Return a name that a path can hold."""
    if not is_plain_name(text):
        raise ValueError("names must not have control characters or be `.` or `..`")
    return text


def plain_names(text: str) -> tuple[str, ...]:
    """Return the names in a list separated by commas."""
    return tuple(plain_name(name.strip()) for name in text.split(",") if name.strip())


def origin_names(text: str) -> tuple[str, ...]:
    """Return the names of origins in a list separated by commas."""
    for name in plain_names(text):
        if not is_origin_name(name):
            raise ValueError(f"{name!r} is not the name of an origin; for example core,acme")
    return plain_names(text)


def targets(text: str) -> tuple[Target, ...]:
    """Return the targets in a list separated by commas."""
    try:
        return tuple(Target.parse(name) for name in plain_names(text))
    except TargetUnknown as error:
        raise ValueError("allowed are " + ", ".join(Target)) from error


def natural_number(text: str) -> int:
    """Return a whole number of at most nine digits."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError("a whole number of at most nine digits is needed, for example 300")
    return int(text)


def slots(text: str) -> int:
    """Return a number of jobs. Raises ValueError unless it is between 1 and 1000."""
    number = natural_number(text)
    if not 1 <= number <= 1000:
        raise ValueError("it must be between 1 and 1000")
    return number


def git_sources(text: str) -> tuple[str, ...]:
    """Return beginnings of clone URLs, separated by commas. Raises ValueError unless each is https or file."""
    sources = tuple(filter(None, (part.strip() for part in text.split(","))))
    for source in sources:
        if not source.startswith(("https://", "file:///")) or not source.endswith("/"):
            raise ValueError("each part must begin with https:// or file:/// and end with a slash")
    return sources


def url(text: str) -> str:
    """Return the URL. Raises ValueError if its scheme is not http or https, or its host is missing."""
    example = "a URL is needed, for example https://example.com"
    if not _URL.fullmatch(text):
        raise ValueError(example)
    try:
        parts = urlsplit(text)
        if not parts.hostname or parts.port == 0:
            raise ValueError(example)
    except ValueError:  # the port is not a number or too large
        raise ValueError(example) from None
    return text


def matching(pattern: str, example: str) -> Callable[[str], str]:
    """Return a parser of texts that match a pattern completely."""
    expression = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not expression.fullmatch(text):
            raise ValueError(f"it is not a valid name; for example {example}")
        return text

    return check


def pem(text: str) -> str:
    """Return the text of a private key in PEM format."""
    if not text.lstrip().startswith("-----BEGIN "):
        raise ValueError("a private key in PEM format is needed, which starts with -----BEGIN")
    return text


def true_or_false(text: str) -> bool:
    """Return True for `true` and `1`, False for `false`, `0` and an empty text."""
    if text.lower() not in ("true", "false", "1", "0", ""):
        raise ValueError("allowed are true, false, 1, 0")
    return text.lower() in ("true", "1")


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return a parser of the allowed texts."""

    def choose(text: str) -> str:
        if text not in allowed:
            raise ValueError("allowed are " + ", ".join(allowed))
        return text

    return choose


def is_set(_: str) -> bool:
    """Return True: any value of the variable turns the setting on."""
    return True
