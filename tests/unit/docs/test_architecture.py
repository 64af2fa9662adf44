"""docs/ARCHITECTURE.md names files and classes that exist, and all modules of the build service."""

import re

import pytest

from tests.builders.stack import REPOSITORY

TEXT = (REPOSITORY / "docs" / "ARCHITECTURE.md").read_text()
FILES = sorted(set(re.findall(r"`(\w+/[\w/]+\.(?:py|json|yaml))`", TEXT)))
ROWS = [
    (name, module)
    for line in TEXT.splitlines()
    if (columns := line.strip("|").split("|"))[0] and len(columns) == 5
    for name in re.findall(r"`(\w+Row)`", columns[0])
    for module in re.findall(r"`([\w/]+)`", columns[3])
]
BUILDS = REPOSITORY / "chalicelib" / "builds"
MODULES = {
    folder: set(re.findall(r"`(\w+)\.py`", modules))
    for folder, modules in re.findall(r"^\| `builds/(\w+)` \| (.+) \|$", TEXT, re.MULTILINE)
}
SHARED = {"__init__", "errors", "routes", "rows", "shapes"}
"""The names of files that several folders have."""


@pytest.mark.parametrize("path", FILES)
def test_every_file_with_a_folder_exists(path: str) -> None:
    assert any((folder / path).is_file() for folder in (REPOSITORY, REPOSITORY / "chalicelib"))


@pytest.mark.parametrize(("name", "module"), ROWS)
def test_every_row_of_the_table_is_in_the_module_beside_it(name: str, module: str) -> None:
    assert re.search(rf"^class {name}\(", (REPOSITORY / "chalicelib" / f"{module}.py").read_text(), re.MULTILINE)


def test_the_document_names_files_and_rows() -> None:
    assert len(FILES) > 50
    assert len(ROWS) > 30


def test_every_module_of_builds_is_beside_its_folder() -> None:
    folders = {path.name for path in BUILDS.iterdir() if (path / "__init__.py").is_file()}

    assert {folder: {path.stem for path in (BUILDS / folder).glob("*.py")} - SHARED for folder in folders} == MODULES
