"""The engine as a process (`make engine`)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.engine import LOST_STATE
from tests.builders.stack import REPOSITORY, process_tree
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import Wire, free_port, is_listening, unfinished
from tests.servers import BUCKET, Server, aws


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_engine_without_an_error_message(tmp_path: Path, number: signal.Signals) -> None:
    with running_engine(tmp_path / "log") as process:
        process.send_signal(number)

        assert process.wait(PATIENCE) == 0
    assert len((tmp_path / "log").read_text().splitlines()) == 1, "only its URL"


def test_a_worker_that_gets_no_time_to_stop_is_not_reported_as_killed(tmp_path: Path) -> None:
    with running_engine(tmp_path / "log") as process:
        _, worker = process_tree(process.pid)
        os.kill(worker, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        time.sleep(1.5)  # on a loaded machine, a worker may not run for so long
        os.kill(worker, signal.SIGCONT)

        assert process.wait(PATIENCE) == 0
    assert "SIGKILL" not in (tmp_path / "log").read_text()


def test_the_engine_exits_when_its_worker_dies(tmp_path: Path) -> None:
    with running_engine(tmp_path / "log") as process:
        _, worker = process_tree(process.pid)
        os.kill(worker, signal.SIGKILL)

        assert process.wait(PATIENCE) == LOST_STATE
    assert "its tables and buckets are lost" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    "half",
    [b"GET /probe HTTP/1.1\r\nX-Half", b"PUT /probe/half HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"],
    ids=["headers", "body"],
)
def test_requests_that_are_sent_in_part_end_after_a_silence(impatient_engine: Server, half: bytes) -> None:
    with unfinished(impatient_engine.port, half, number=4), Wire(impatient_engine.port) as wire:
        assert wire.get("/moto-api/").status == 200


def test_an_object_that_the_client_does_not_read_is_ended_after_a_silence(impatient_engine: Server) -> None:
    s3 = aws("s3", impatient_engine.url)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="unread", Body=bytes(32 << 20))
    url = urlsplit(s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "unread"}))
    unread = [Wire(impatient_engine.port) for _ in range(4)]
    try:
        for wire in unread:
            wire.head(f"GET {url.path}?{url.query}")
        with Wire(impatient_engine.port) as wire:
            assert wire.get("/moto-api/").status == 200
    finally:
        for wire in unread:
            wire.close()


@contextmanager
def running_engine(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run an engine on a free port inside the block. `log` receives its output."""
    port = free_port()
    with log.open("w") as file:
        command = [sys.executable, "-m", "local.engine", "--port", str(port)]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=file, stderr=file)
    try:
        assert until(lambda: is_listening(port) and len(process_tree(process.pid)) > 1)
        with Wire(port) as wire:
            assert wire.get("/moto-api/").status == 200, "the worker has installed its signal handlers"
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_engine_starts_without_services_that_it_does_not_serve() -> None:
    program = "import sys, local.engine; print(sorted({'moto.ec2', 'moto.batch'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
