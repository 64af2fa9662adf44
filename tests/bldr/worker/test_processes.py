"""Programs of builds end when their job stops."""

import threading
from pathlib import Path
from typing import Any

import pytest

from bldr.worker import processes
from bldr.worker.processes import Program, run_program
from bldr.worker.stopping import Stopped, StopReason, StopSignal

IGNORES_SIGTERM = ["/bin/bash", "-c", "trap '' TERM; echo ready; while :; do sleep 600; done"]


def test_a_program_without_grace_is_killed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    signal_group = processes._signal_group

    def record(group: int, number: Any) -> None:
        sent.append(number)
        signal_group(group, number)

    monkeypatch.setattr(processes, "_signal_group", record)
    stop = StopSignal()
    ready = threading.Event()

    def output(_: str) -> None:
        stop.request(StopReason.SHUTTING_DOWN)
        ready.set()

    with pytest.raises(Stopped):
        run_program(Program(IGNORES_SIGTERM, tmp_path, {"PATH": "/bin:/usr/bin"}, grace=0), output, stop)

    assert ready.is_set()
    assert set(sent) == {processes.KILL}
