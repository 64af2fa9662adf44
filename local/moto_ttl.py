"""Deletes expired items from moto's tables, as DynamoDB does, so that memory does not grow for ever."""

import threading
import time
from itertools import islice
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from local.moto_partitions import call_lock

PERIOD_SECONDS = 60.0
GRACE_SECONDS = 300.0
"""How long an expired item stays. AWS takes up to some days, so readers must not rely on its deletion."""

_PARTITIONS_AT_ONCE = 500
_MAX_SHARE = 0.01
"""The largest share of the time that sweeps take."""


def start() -> None:
    """Start the thread that deletes expired items. It ends with the process."""
    threading.Thread(target=_repeat, name="ttl", daemon=True).start()


def _repeat() -> None:
    pause = PERIOD_SECONDS
    while True:
        time.sleep(pause)
        started = time.monotonic()
        sweep(time.time() - GRACE_SECONDS)
        pause = max(PERIOD_SECONDS, (time.monotonic() - started) / _MAX_SHARE)


def sweep(expired_before: float) -> int:
    """Delete the items that expired before a time in seconds of the epoch, and partitions without items.

    Returns the number of deleted items. Calls of clients run in between.
    """
    tables = [
        table
        for regions in list(dynamodb_backends.values())
        for backend in list(regions.values())
        for table in list(backend.tables.values())
    ]
    return sum(_sweep_table(table, expired_before) for table in tables if table.range_key_type == "S")


def _sweep_table(table: Any, expired_before: float) -> int:
    with call_lock:
        attribute = table.ttl.get("AttributeName") if table.ttl["TimeToLiveStatus"] == "ENABLED" else None
        keys = iter(list(table.items))
    deleted = 0
    while some := list(islice(keys, _PARTITIONS_AT_ONCE)):
        with call_lock:
            deleted += sum(_sweep_partition(table, key, attribute, expired_before) for key in some)
    return deleted


def _sweep_partition(table: Any, key: Any, attribute: str | None, expired_before: float) -> int:
    partition = table.items.get(key)
    if partition is None:
        return 0
    expired = [
        range_key
        for range_key, item in partition.items()
        if attribute in item.attrs and _is_before(item.attrs[attribute], expired_before)
    ]
    for range_key in expired:
        table.delete_item(key, range_key)
    if not partition:
        del table.items[key]
    return len(expired)


def _is_before(value: Any, moment: float) -> bool:
    return value.type == "N" and float(value.value) < moment
