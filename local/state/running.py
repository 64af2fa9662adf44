"""The stores of a state folder, for a backup or a restore: those of a running stack, or started for the moment."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.state.credentials import ensure_credentials
from local.state.folder import Lock, StateFolder, read_json
from local.state.programs import ensure_programs
from local.state.stores import DEFAULT_BUCKET, Stores, environment_of


@contextmanager
def running_stores(folder: StateFolder, say: Callable[[str], None]) -> Iterator[None]:
    """Let the AWS clients of this process use the stores inside the block. Call it before the first client is made.

    Raises StateUnusable.
    """
    lock = Lock(folder)
    if not lock.take():
        os.environ.update({**environment_of(ensure_credentials(folder)), **read_json(folder.endpoints)})
        yield
        return
    lock.release()
    stores = Stores(folder, ensure_programs(say), os.environ.get("BLDR_BUCKET") or DEFAULT_BUCKET, say)
    try:
        stores.start()
        os.environ.update(stores.environment(os.environ))
        yield
    finally:
        stores.stop()
