"""Deferred modules run when one of their names is first used."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from chalicelib.core.deferred import deferred, load_deferred


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the module `late_module`, which creates a file `ran` when it runs."""
    marker = tmp_path / "ran"
    (tmp_path / "late_module.py").write_text(f"import pathlib\npathlib.Path({str(marker)!r}).touch()\nVALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("late_module", None)


def late_module() -> ModuleType:
    with deferred():
        import late_module  # type: ignore[import-not-found]  # tests write it
    module: ModuleType = late_module
    return module


def test_a_deferred_module_runs_at_its_first_use(written: Path) -> None:
    module = late_module()
    assert not (written / "ran").exists()

    assert module.VALUE == 7
    assert (written / "ran").exists()


def test_outside_of_the_block_imports_run_at_once(written: Path) -> None:
    with deferred():
        pass
    import late_module

    assert (written / "ran").exists()
    assert late_module.VALUE == 7


def test_load_deferred_runs_every_deferred_module(written: Path) -> None:
    late_module()
    load_deferred()

    assert (written / "ran").exists()


def test_a_missing_module_is_reported_at_the_import() -> None:
    with pytest.raises(ModuleNotFoundError), deferred():
        importlib.import_module("no_such_module")
