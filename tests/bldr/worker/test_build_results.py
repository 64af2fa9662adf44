"""Files that a build leaves: variables, idents, and what is not read."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.worker.build_results import built_ident, move_results, parse_variables, read_regular_file, read_variables
from bldr.worker.errors import BuildFailed
from bldr.worker.strategy import plan_folder


def test_variables_of_linux_and_windows() -> None:
    assert parse_variables("pkg_name=widget\npkg_version=1=2\n") == {"pkg_name": "widget", "pkg_version": "1=2"}
    assert parse_variables('$pkg_name="widget"\r\n') == {"pkg_name": "widget"}


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    parse_variables(text)


def test_links_fifos_and_long_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "fifo")

    assert read_regular_file(tmp_path / "file", 4) == "text"
    assert read_regular_file(tmp_path / "file", 3) is None
    for name in ("link", "fifo", "missing"):
        assert read_regular_file(tmp_path / name, 100) is None
    assert read_regular_file(tmp_path, 100) is None


def test_only_regular_files_are_moved(tmp_path: Path) -> None:
    source, out = tmp_path / "results", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    (source / "last_build.env").write_text("pkg_ident=a/b/c/d\n")
    (source / "link").symlink_to("/etc/passwd")
    (source / "folder").mkdir()

    move_results(source, out)

    assert [path.name for path in out.iterdir()] == ["last_build.env"]
    assert read_variables(out, "last_build") == {"pkg_ident": "a/b/c/d"}


def test_results_that_are_a_link_are_not_moved(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/file").write_text("text")
    (tmp_path / "out").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "secret")

    move_results(tmp_path / "results", tmp_path / "out")

    assert (tmp_path / "secret/file").exists()


@pytest.mark.parametrize(
    "text", ["", "acme/widget", "acme/widget/1/2/3", "other/widget/1/2", "acme/other/1/2", "acme/widget/../2"]
)
def test_other_idents_are_refused(text: str) -> None:
    with pytest.raises(BuildFailed):
        built_ident({"pkg_ident": text}, "acme", "widget")


@pytest.mark.parametrize("text", ["other/widget/1.0/20260301120000", "acme/other/1.0/20260301120000"])
def test_a_package_of_another_name_says_what_must_agree(text: str) -> None:
    with pytest.raises(BuildFailed, match="the job is for acme/widget; pkg_origin and pkg_name must be those of"):
        built_ident({"pkg_ident": text}, "acme", "widget")


@pytest.mark.parametrize(
    ("plan_path", "folder"),
    [
        ("plan.sh", "."),
        ("habitat/plan.sh", "."),
        ("habitat/plan.ps1", "."),
        ("component/habitat/plan.sh", "component"),
        ("component/plan.sh", "component"),
        ("component", "component"),
        ("habitat/habitat/plan.sh", "habitat"),
        ("", "."),
        ("/component/plan.sh", "component"),
    ],
)
def test_the_folder_of_a_plan(plan_path: str, folder: str) -> None:
    assert plan_folder(plan_path) == folder
