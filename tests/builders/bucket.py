"""A bucket in memory instead of the object store, for tests of rows."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest

from chalicelib.packages import artifacts
from chalicelib.platform import object_store


class Bucket:
    """The stored objects by key. `before_each_call` is called with the name of each operation."""

    def __init__(self, before_each_call: Callable[[str], None]) -> None:
        self.objects: dict[str, bytes] = {}
        self._before_each_call = before_each_call

    def put(self, key: str, archive: BinaryIO) -> None:
        """Replaces `artifacts.put`."""
        self._before_each_call("put")
        archive.seek(0)
        self.objects[key] = archive.read()

    def call(self, operation: str, **arguments: Any) -> Any:
        """Replaces `object_store.call`."""
        self._before_each_call(operation)
        match operation:
            case "put_object":
                self.objects[arguments["Key"]] = arguments["Body"]
            case "delete_object":
                self.objects.pop(arguments["Key"], None)
            case "head_bucket":
                return
            case _:
                raise AssertionError(f"the bucket does not know {operation}")

    def checksum(self, key: str) -> str | None:
        """Return the checksum of an object, or None if there is none."""
        content = self.objects.get(key)
        return None if content is None else hashlib.blake2b(content, digest_size=32).hexdigest()


@contextmanager
def a_bucket(before_each_call: Callable[[str], None] = lambda _: None) -> Iterator[Bucket]:
    """A bucket that replaces the object store inside the block."""
    bucket = Bucket(before_each_call)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "put", bucket.put)
        patch.setattr(object_store, "call", bucket.call)
        yield bucket
