"""A Builder for workers, and the isolation of this machine."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bldr.worker.plain_strategy import PlainStrategy
from bldr.worker.sandbox import ResourceLimits, Sandbox, best_isolation
from tests.bldr.worker.builders import a_repository, a_worker
from tests.bldr.worker.fake_builder import FakeBuilder, FakeJob, fake_builder


@pytest.fixture
def builder() -> Iterator[FakeBuilder]:
    """A running Builder."""
    with fake_builder() as running:
        yield running


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The best isolation of this machine."""
    return Sandbox(best_isolation())


@pytest.fixture
def plain(sandbox: Sandbox, tmp_path: Path) -> PlainStrategy:
    """The strategy plain with small limits."""
    limits = ResourceLimits(cpu_seconds=30, memory_bytes=2 << 30, file_bytes=64 << 20, processes=64)
    return PlainStrategy(sandbox, tmp_path / "archives", limits, most_bytes=96 << 20)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A separate cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[Mapping[str, str]], str]:
    """Creates a repository and returns its URL."""
    return lambda files: a_repository(tmp_path / "repository", files)


@pytest.fixture
def build(builder: FakeBuilder, plain: PlainStrategy, tmp_path: Path) -> Callable[[FakeJob], FakeJob]:
    """Lets a worker with the strategy plain do one job."""

    def do(job: FakeJob) -> FakeJob:
        a_worker(builder, plain, tmp_path / "work").run(once=True)
        return job

    return do
