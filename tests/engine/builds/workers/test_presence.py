"""When workers were last seen (builds.md 15)."""

import time

from chalicelib.builds.workers import presence
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.target import Target
from tests.builders.waiting_jobs import (
    LINUX,
)
from tests.builders.workers import claim


def test_a_worker_is_seen_when_it_asks_for_a_job(worker: WorkerAccess, origin: str) -> None:
    before = time.time() - 1

    claim(worker)

    seen = presence.last_seen(LINUX, origin)
    assert seen is not None
    assert seen >= int(before)
    assert presence.last_seen(Target.AARCH64_DARWIN, origin) is None
