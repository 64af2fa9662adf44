"""The short form of `make kill-builds`: a few kills while three workers build a small group."""

import random
from collections import Counter
from pathlib import Path

from tests.kills.moments import KILLS, MOST_LOSSES, moments
from tests.kills.run import run
from tests.kills.worker_program import KINDS

SEED, PROJECTS, SOME_KILLS = 11, 10, 6


def test_a_group_ends_rightly_whatever_is_killed(tmp_path: Path) -> None:
    report = run(tmp_path, SOME_KILLS, SEED, PROJECTS, SOME_KILLS, print)

    assert report.faults == []
    assert report.kills.total() > SOME_KILLS, "one more kill interrupts the promotion"


def test_a_worker_is_killed_less_often_than_a_job_may_lose_its_worker() -> None:
    for seed in range(20):
        losses = Counter[str]()
        for moment in moments(random.Random(seed), 40, 30):
            assert moment.what in KILLS
            losses.update(kind for kind in KINDS if moment.what.endswith(f" {kind}"))
            losses.update(KINDS if moment.what in ("workers", "everything") else ())
        assert max(losses.values()) <= MOST_LOSSES
