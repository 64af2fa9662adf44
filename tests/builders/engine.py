"""An AWS inside the test process: the template's resources in moto, patched like the engine of the local stack."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from moto import mock_aws
from moto.backends import get_backend
from moto.core.botocore_stubber import MockRawResponse

from chalicelib.builds.workers import presence, search
from chalicelib.catalog import fences
from chalicelib.graph import service as graph
from chalicelib.identity import functional_users
from chalicelib.packages import newest
from chalicelib.packages.search import cached_index, snapshots
from chalicelib.platform.config import config
from local import moto_executions, moto_partitions, moto_patches
from local.patching import wrap
from local.resources import create_resources
from tests.builders import direct_calls, other_engine
from tests.environment import ON_ANOTHER_ENGINE, keys_of_other_engines

ACCOUNT = "123456789012"


@contextmanager
def an_engine() -> Iterator[None]:
    """Run an engine inside the block. Nested engines share their state."""
    _patch()
    with mock_aws():
        os.environ.update(keys_of_other_engines())
        create_resources()
        yield


def empty_engine() -> None:
    """Delete all rows, objects and executions of the engine, and what this process has cached of them."""
    if ON_ANOTHER_ENGINE:
        other_engine.empty_table()
    else:
        moto_partitions.adopt(get_backend("dynamodb")[ACCOUNT]["us-east-1"].tables[config.table])
    if other_engine.has_bucket():
        other_engine.empty_bucket()
    else:
        bucket = get_backend("s3")[ACCOUNT]["aws"].buckets[config.bucket]
        bucket.keys.clear()
        bucket.multiparts.clear()
    moto_executions.forget_executions()
    graph.forget()
    fences.forget()
    newest.forget()
    cached_index.forget()
    snapshots.Count.value = 0
    for cached in (functional_users._ids, presence._noted, search._continue_after, search._found_empty):
        cached.clear()


@cache
def _patch() -> None:
    """Patch moto, once per process. Without it, transactions copy the whole table and repeated tokens write twice."""

    def read_whole(init: Any, response: MockRawResponse, content: Any) -> None:
        init(response, content if isinstance(content, str | bytes) else bytes(content))

    moto_patches.apply()
    if not ON_ANOTHER_ENGINE:
        direct_calls.apply()
    wrap(MockRawResponse, "__init__", read_whole)  # only a server can stream the chunks of a large object
