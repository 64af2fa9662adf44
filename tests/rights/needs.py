"""What a request to AWS needs permission for: an action on a resource, with the values of condition keys."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tests.rights.evaluation import Context

Parameters = Mapping[str, Any]


class Need(Struct, frozen=True):
    """An action on a resource, which a request needs permission for, and the values of its condition keys."""

    action: str
    resource: str
    context: Context


class OperationUnmapped(Exception):
    """The actions of this operation are not known: add it to `OPERATIONS` of tests/rights/actions.py."""


def need(action: str, resource: str, **context: str) -> Need:
    """Return a need whose condition keys have one value each."""
    values = {key: (value,) for key, value in context.items()}
    return Need(action, resource, {"aws:SecureTransport": ("true",), **values})
