"""Answers of a Builder as values; every part is checked, since file names and paths are made of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bldr.errors import AnswerMalformed
from bldr.packages import Described, Package
from chalicelib.core.ident import PackageIdent, is_origin_name, is_package_name, is_storable
from chalicelib.core.target import Target, TargetUnknown

CHECKSUM_CHARACTERS = 64


def described(answer: Any, target: Target) -> Described:
    """A full package (packages.md 4.1). Raises AnswerMalformed."""
    with _well_formed("package"):
        return Described(
            Package(ident(answer["ident"]), target),
            checksum(answer["checksum"]),
            tuple(ident(each) for each in answer["tdeps"]),
            frozenset(text(each) for each in answer.get("channels") or ()),
        )


def ident(answer: Any) -> PackageIdent:
    """A full ident whose parts can be parts of paths. Raises AnswerMalformed."""
    with _well_formed("ident"):
        found = PackageIdent(*(text(answer[part]) for part in ("origin", "name", "version", "release")))
        if not (is_origin_name(found.origin) and is_package_name(found.name) and is_safe(found)):
            raise ValueError
        return found


def is_safe(found: PackageIdent) -> bool:
    """Whether an ident can be part of a file's name on any machine."""
    return is_storable(found) and "\\" not in str(found)


def checksum(answer: Any) -> str:
    """BLAKE2b-256 in lower hex. Raises AnswerMalformed."""
    with _well_formed("checksum"):
        if len(text(answer)) != CHECKSUM_CHARACTERS or not set(answer) <= set("0123456789abcdef"):
            raise ValueError
        return text(answer)


def target(answer: Any) -> Target:
    """One of the seven targets. Raises AnswerMalformed."""
    with _well_formed("target"):
        return Target.parse(text(answer))


def text(answer: Any) -> str:
    """A string. Raises AnswerMalformed."""
    if not isinstance(answer, str):
        raise AnswerMalformed("the Builder's answer holds something else where a text should be")
    return answer


def rows(answer: Any) -> list[Any]:
    """The rows of a page, or of a plain list. Raises AnswerMalformed."""
    with _well_formed("list"):
        found = answer["data"] if isinstance(answer, dict) else answer
        if not isinstance(found, list):
            raise TypeError
        return found


@contextmanager
def _well_formed(kind: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, TargetUnknown):
        raise AnswerMalformed(f"the Builder's answer holds no well-formed {kind}") from None
