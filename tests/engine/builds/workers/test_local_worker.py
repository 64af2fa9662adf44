"""The worker of the local stack."""

import pytest

from chalicelib.builds.workers import service
from chalicelib.identity import worker_rows
from chalicelib.identity.caller import identify
from chalicelib.identity.errors import TokenRefused
from chalicelib.platform.config import config
from infra.worker_credential import ensure_depot_worker


def test_a_new_start_replaces_the_local_worker_and_no_other() -> None:
    other, _ = service.make_for_all_origins(service.NewWorker("tower", tuple(config.build_targets)))
    first, second = ensure_depot_worker(), ensure_depot_worker()

    with pytest.raises(TokenRefused):
        identify(f"Bearer {first}").settle()
    worker = identify(f"Bearer {second}").require_worker()
    assert (worker.origin, worker.targets) == (None, frozenset(config.build_targets))
    names = [row.name for row in worker_rows.workers_of(worker_rows.ALL_ORIGINS)]
    assert names.count("local") == 1
    assert other.name in names
