"""An AWS inside the process with the template's resources, behaving as the local stack's engine does."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from moto import mock_aws


@contextmanager
def an_engine() -> Iterator[None]:
    """The engine while the context lasts; one within another shares its state."""
    _patch()
    with mock_aws():
        from local.resources import create_resources

        create_resources()
        yield


@cache
def _patch() -> None:
    """Once per process. Unpatched, every transaction copies the whole table, and a repeated token writes twice."""
    from moto.core.botocore_stubber import MockRawResponse

    from local import moto_patches
    from local.patching import around

    def whole(made: Any, response: MockRawResponse, content: Any) -> None:
        made(response, content if isinstance(content, str | bytes) else bytes(content))

    moto_patches.apply()
    around(MockRawResponse, "__init__", whole)  # the engine's large objects come in pieces, which only a server sends
