"""`bldr download` from a running Builder."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bldr.builders import write_archives, write_new_key
from tests.bldr.command_line import CommandLine
from tests.builders.hart import Hart, a_hart
from tests.builders.stack import Stack


class Published(NamedTuple):
    """A tool in `stable`, its dependency, and the name of the key that signed both."""

    base: Hart
    tool: Hart
    key: str


@pytest.fixture(scope="module")
def published(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Packages that all tests of this module download."""
    folder = tmp_path_factory.mktemp("published")
    origin = stack.an_origin()
    key = write_new_key(folder, origin)
    text = (folder / f"{key}.pub").read_text()
    assert stack.http.post(f"/v1/depot/origins/{origin}/keys/{key[-14:]}", content=text).status_code == 201
    base = a_hart(origin=origin, name="base", signer=key)
    tool = a_hart(origin=origin, name="tool", version="1.0+x~y%2", tdeps=[base.path], signer=key)
    for hart in base, tool:
        url = f"/v1{hart.url.replace('%', '%25')}"
        query = {"checksum": hart.checksum, "target": hart.target}
        assert stack.http.post(url, params=query, content=hart.content).status_code == 201
    url = f"/v1{tool.in_channel('stable').replace('%', '%25')}/promote"
    assert stack.http.put(url, params={"target": tool.target}).status_code == 200
    return Published(base, tool, key)


def test_the_latest_release_is_downloaded_with_dependencies_and_keys(
    published: Published, bobo: CommandLine, tmp_path: Path
) -> None:
    base, tool, key = published
    command = ["download", f"{tool.ident.origin}/tool", "--target", "x86_64-linux", "--deps", "--to", tmp_path]

    assert f"2 packages in {tmp_path}, 0 failed" in bobo.succeeds(*command)
    for hart in base, tool:
        assert (tmp_path / "artifacts" / hart.archive_name).read_bytes() == hart.content
    assert (tmp_path / "keys" / f"{key}.pub").read_text().startswith("SIG-PUB-1\n")

    assert bobo.succeeds(*command).count("already downloaded") == 2


def test_a_full_ident_is_found_in_any_channel(published: Published, bobo: CommandLine, tmp_path: Path) -> None:
    base = published.base

    bobo.succeeds("download", base.path, "--target", "x86_64-linux", "--to", tmp_path)

    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == [base.archive_name]


def test_dependencies_are_left_out_by_default(published: Published, bobo: CommandLine, tmp_path: Path) -> None:
    tool = published.tool

    bobo.succeeds("download", tool.path, "--target", "x86_64-linux", "--to", tmp_path)

    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == [tool.archive_name]


@pytest.mark.parametrize("options", [["--channel", "prod"], ["--target", "x86_64-windows"]])
def test_the_error_for_a_missing_package_names_channel_and_target(
    published: Published, bobo: CommandLine, tmp_path: Path, options: list[str]
) -> None:
    name = f"{published.tool.ident.origin}/tool"

    output = bobo.fails("download", name, "--to", tmp_path, *options)

    assert f"has no {name} for" in output
    assert options[1] in output


def test_a_download_folder_can_be_uploaded(published: Published, bobo: CommandLine, tmp_path: Path) -> None:
    base = published.base
    bobo.succeeds("download", base.path, "--target", "x86_64-linux", "--to", tmp_path)

    assert "1 skipped, 0 failed" in bobo.succeeds("upload", tmp_path)
    assert "1 skipped, 0 failed" in bobo.succeeds("upload", tmp_path / "artifacts" / base.archive_name)


def test_a_signing_key_that_the_builder_lacks_fails_the_command(
    stack: Stack, bobo: CommandLine, tmp_path: Path
) -> None:
    hart = a_hart(origin=stack.an_origin(), signer="unknown-20240101000000")
    bobo.succeeds("upload", write_archives(tmp_path / "up", hart))

    output = bobo.fails("download", hart.path, "--target", "x86_64-linux", "--to", tmp_path / "down")

    assert "lacks signing key unknown-20240101000000" in output
