"""Descriptions for users of the API, from docstrings and declarations."""

import re
from collections.abc import Sequence
from inspect import cleandoc

from chalicelib.core.explained import Explained
from chalicelib.core.roles import Role
from chalicelib.core.target import TargetUnknown
from chalicelib.http.routes import ACCOUNT_ONLY, ANYONE, JOB, WORKER, Route
from chalicelib.platform.aws import SecretUnavailable
from chalicelib.platform.background import NotStarted
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.platform.row import KeyTooLong
from chalicelib.platform.table import StoreUnavailable

_REFERENCE = r"\s*\((?:[^()]*\.(?:md|py)\b[^()]*|sections?\s[^()]*|\d+(?:\.\d+)+[^()]*|steps?\s[^()]*)\)"
"""A reference in parentheses to a section of the contract or to a file, which means nothing to users of the API."""


_UNAVAILABLE = "The service is temporarily unavailable. Repeat the request."

ERRORS: dict[type[Exception], str] = {
    KeyTooLong: "A name is too long to be stored.",
    NotStarted: _UNAVAILABLE,
    ObjectStoreFailed: "The object store failed.",
    SecretUnavailable: _UNAVAILABLE,
    StoreUnavailable: _UNAVAILABLE,
    TargetUnknown: "The target is unknown.",
}
"""Descriptions of errors whose docstrings are about the service, not about the request."""


def description_of(documented: object) -> str:
    """Return the docstring of a function or class, without references to the contract and to files."""
    return without_references(cleandoc(documented.__doc__ or ""))


def without_references(text: str) -> str:
    """Return a text without references to the contract and to files."""
    return re.sub(_REFERENCE, "", text)


def summary(route: Route) -> str:
    """Return the purpose of a route: the first sentence of its handler's docstring, without its full stop."""
    return _sentences(route)[0]


def description(route: Route) -> str:
    """Return the details of a route and its permission, as Markdown."""
    return "\n\n".join([*details(route), f"{permission(route)} {scope(route)}".strip()])


def details(route: Route) -> list[str]:
    """Return what a route does beyond its summary, as paragraphs of Markdown."""
    query = description_of(route.query) if route.query else ""
    return [paragraph.strip() for paragraph in (_sentences(route)[1], query) if paragraph.strip()]


def has_text(kinds: Sequence[type[Exception]]) -> bool:
    """Return True if the answer to each of some errors has a text."""
    return bool(kinds) and all(issubclass(kind, Explained) for kind in kinds)


def reasons(kinds: Sequence[type[Exception]]) -> str:
    """Return what causes a status, as a sentence or a Markdown list: the first paragraph of each error's docstring.

    If only some of the errors have a text, their sentences say so.
    """
    hint = "" if has_text(kinds) else " The body says why."
    sentences = list(dict.fromkeys(_reason(kind) + (hint if issubclass(kind, Explained) else "") for kind in kinds))
    return "".join(sentences) if len(sentences) == 1 else "\n".join(f"- {sentence}" for sentence in sentences)


def _reason(kind: type[Exception]) -> str:
    return ERRORS.get(kind) or description_of(kind).partition("\n\n")[0]


def permission(route: Route) -> str:
    """Return what a caller needs, and the status without it, as a sentence or two."""
    if isinstance(route.needs, Role):
        return f"Needs the role `{route.needs}` or higher in the origin; without it the status is {route.refused}."
    if route.needs is ANYONE:
        hidden = " Only members see private and hidden packages." if route.hides_private else ""
        return f"No token is needed.{hidden}"
    if route.needs is WORKER:
        return "Needs the credential of a worker."
    if route.needs is JOB:
        return "Needs the token that the worker got with the job."
    return "Needs a signed-in account."


def scope(route: Route) -> str:
    """Return which scope a named token needs, as a sentence. Empty if no token is needed."""
    if route.needs in (ANYONE, WORKER, JOB):
        return ""
    if route.needed_scope is ACCOUNT_ONLY:
        return "Named tokens are refused."
    return f"A named token needs the scope `{route.needed_scope}`."


def _sentences(route: Route) -> tuple[str, str]:
    """The first sentence of the handler's docstring, and the rest."""
    first, *rest = re.split(r"\.(?:\s+|$)", description_of(route.handler), maxsplit=1)
    return first, "".join(rest)
