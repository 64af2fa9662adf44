"""The log of a job: numbers, limits, chunks, refusals."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bldr.errors import RequestRefused, Unreachable
from bldr.worker.bundle import Limits
from bldr.worker.job_log import LIMIT_REACHED, JobLog
from tests.builders.waiting import until


class Receiver:
    """Receives chunks in place of a Builder. `problems` are raised first; `most` is the longest chunk in lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.chunks: list[int] = []
        self.problems: list[Exception] = []
        self.most = 1_000_000

    def send_log(self, first: int, lines: list[str]) -> None:
        """Receive a chunk."""
        if self.problems:
            raise self.problems.pop(0)
        if len(lines) > self.most:
            raise RequestRefused(413, "too large")
        if first != len(self.lines):
            raise RequestRefused(409, f"cannot send: (409: The next line of the log is {len(self.lines)})")
        self.lines += lines
        self.chunks.append(len(lines))


@pytest.fixture
def receiver() -> Receiver:
    """A receiver."""
    return Receiver()


@contextmanager
def a_log(receiver: Receiver, **limits: int) -> Iterator[JobLog]:
    """A log that is closed at the end of the block."""
    log = JobLog(receiver, Limits(**limits), ["top-secret"])  # type: ignore[arg-type]  # a double of the client
    yield log
    assert log.close(30)


def test_lines_are_sent_in_order(receiver: Receiver) -> None:
    with a_log(receiver) as log:
        log.note("start")
        with log.section("build_package"):
            for number in range(1000):
                log.output(f"line {number}")

    assert receiver.lines[:3] == ["start", "builder_log_section::start::build_package", "line 0"]
    assert receiver.lines[-2:] == ["line 999", "builder_log_section::end::build_package"]


def test_lines_are_sent_while_the_build_runs(receiver: Receiver) -> None:
    with a_log(receiver) as log:
        log.output("hello")
        assert until(lambda: receiver.lines == ["hello"])


def test_chunks_are_bounded(receiver: Receiver) -> None:
    with a_log(receiver, chunk_bytes=1000) as log:
        for _ in range(100):
            log.output("x" * 96)

    assert max(receiver.chunks) == 10


def test_the_limit_of_lines_ends_the_output_with_one_line(receiver: Receiver) -> None:
    with a_log(receiver, log_lines=300) as log:
        for number in range(10_000):
            log.output(f"line {number}")
        log.note("the worker still speaks")

    assert receiver.lines[-2:] == [LIMIT_REACHED, "the worker still speaks"]
    assert len(receiver.lines) == 102
    assert log.last_lines.splitlines()[-1] == "line 9999"


def test_the_limit_of_bytes_ends_the_output(receiver: Receiver) -> None:
    with a_log(receiver, log_bytes=(64 << 10) + 1000) as log:
        for _ in range(100):
            log.output("x" * 96)

    assert receiver.lines == [*["x" * 96] * 10, LIMIT_REACHED]


def test_lines_of_the_worker_are_bounded_too(receiver: Receiver) -> None:
    with a_log(receiver) as log:
        for _ in range(1000):
            log.note("again")

    assert len(receiver.lines) < 200


def test_a_chunk_is_sent_again_after_a_failure(receiver: Receiver) -> None:
    receiver.problems = [Unreachable("down"), RequestRefused(503, "busy"), RequestRefused(429, "slow")]
    with a_log(receiver) as log:
        log.output("hello")

    assert receiver.lines == ["hello"]


def test_a_chunk_that_is_too_large_is_split(receiver: Receiver) -> None:
    receiver.most = 20
    with a_log(receiver, chunk_bytes=10_000) as log:
        for number in range(100):
            log.output(f"{number:0100}")

    assert len(receiver.lines) == 100


def test_after_a_conflict_the_log_continues_with_the_expected_line(receiver: Receiver) -> None:
    receiver.lines = ["one", "two"]
    with a_log(receiver) as log:
        for line in ("one", "two", "three", "four"):
            log.output(line)

    assert receiver.lines == ["one", "two", "three", "four"]


@pytest.mark.parametrize(
    "text", ["The next line of the log is 7", "The next line of the log is 0", "The job is over", ""]
)
def test_a_conflict_that_cannot_be_resolved_ends_the_sending(receiver: Receiver, text: str) -> None:
    receiver.problems = [RequestRefused(409, text)]
    with a_log(receiver) as log:
        log.output("an unwanted line")

    assert receiver.lines == []


@pytest.mark.parametrize("status", [401, 403, 404, 410, 422])
def test_a_refusal_ends_the_sending(receiver: Receiver, status: int) -> None:
    receiver.problems = [RequestRefused(status, "no")]
    with a_log(receiver) as log:
        log.output("an unwanted line")

    assert receiver.lines == []


def test_close_waits_only_for_a_time(receiver: Receiver) -> None:
    receiver.problems = [Unreachable("down")] * 100
    log = JobLog(receiver, Limits(), [])  # type: ignore[arg-type]  # a double of the client
    log.output("hello")
    started = time.monotonic()

    assert not log.close(0.1)
    assert time.monotonic() - started < 30
    log.abandon()


def test_secrets_are_hidden(receiver: Receiver) -> None:
    with a_log(receiver) as log:
        log.output("a top-secret line")
        log.failure("a top-secret failure")

    assert receiver.lines == ["a [hidden] line", "a [hidden] failure"]
    assert log.last_lines == "a [hidden] line\na [hidden] failure"
