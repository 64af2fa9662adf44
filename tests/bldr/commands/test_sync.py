"""`bldr sync` between two Builders, and with a folder across an air gap."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bldr import builder_location
from bldr.client import Builder
from bldr.downloads import download_archive
from bldr.errors import Unreachable
from bldr.packages import PackageDetails
from bldr.progress import ProgressReporter
from tests.bldr.builders import write_archives, write_new_key
from tests.bldr.command_line import CommandLine
from tests.builders.hart import Hart, a_hart
from tests.builders.stack import Stack, depot_stack

Sync = Callable[..., str]


class Published(NamedTuple):
    """A tool in `prod`, its dependency, and the name of the key that signed both."""

    tool: Hart
    base: Hart
    key: str

    @property
    def origin(self) -> str:
        """The origin of the packages."""
        return self.tool.ident.origin


@pytest.fixture(scope="module")
def destination(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second Builder, the destination."""
    with depot_stack(tmp_path_factory.mktemp("destination") / "log") as running:
        yield running


@pytest.fixture
def bobo_at_destination(destination: Stack, home: Path) -> CommandLine:
    """The command line of the user bobo at the second Builder."""
    return CommandLine({"HAB_BLDR_URL": destination.url, "HAB_AUTH_TOKEN": "bobo"})


@pytest.fixture
def published(stack: Stack, bobo: CommandLine, tmp_path: Path) -> Published:
    """Packages of a new origin at the first Builder; one more than the named ones exists."""
    origin = stack.an_origin()
    folder = tmp_path / "published"
    key = write_new_key(folder, origin)
    base = a_hart(origin=origin, name="base", signer=key)
    tool = a_hart(origin=origin, name="tool", tdeps=[base.path], signer=key)
    write_archives(folder, base, tool, a_hart(origin=origin, name="unrelated", signer=key))
    bobo.succeeds("upload", folder)
    bobo.succeeds("promote", tool.path, "prod", "--yes")
    return Published(tool, base, key)


@pytest.fixture
def sync(destination: Stack, bobo: CommandLine) -> Sync:
    """Run `bldr sync` from the first Builder to the second."""

    def run(*arguments: object, fails: bool = False) -> str:
        command = bobo.fails if fails else bobo.succeeds
        return command("sync", "--to", destination.url, *arguments, BLDR_TO_AUTH_TOKEN="bobo")

    return run


def names_in(stack: Stack, origin: str, channel: str) -> list[str]:
    """The names of the packages in a channel."""
    rows = stack.http.get(f"/v1/depot/channels/{origin}/{channel}/pkgs").json()["data"]
    return [row["name"] for row in rows]


def checksum_at(stack: Stack, hart: Hart) -> object:
    """The checksum that a Builder has for a release."""
    return stack.http.get(f"/v1/depot/pkgs/{hart.path}").json()["checksum"]


def test_a_dry_run_only_shows_the_plan(published: Published, sync: Sync, destination: Stack) -> None:
    tool, base, _ = published

    lines = sync("--channel", f"{published.origin}/prod", "--dry-run").splitlines()

    assert lines == [
        f"transfer\t{base.path} (x86_64-linux)",
        f"transfer\t{tool.path} (x86_64-linux)",
        f"create channel\t{published.origin}/prod",
        f"promote\t{tool.path} (x86_64-linux) to prod",
        "2 transfers, 0 up to date",
    ]
    assert names_in(destination, published.origin, "unstable") == []


def test_a_channel_is_mirrored_with_dependencies_and_keys(published: Published, sync: Sync, destination: Stack) -> None:
    origin, key = published.origin, published.key
    channel = ["--channel", f"{origin}/prod"]
    assert f"has no origin {origin}; create it, or pass --create-origins" in sync(*channel, fails=True)

    output = sync(*channel, "--create-origins")

    assert f"transferred key {key}" in output
    assert names_in(destination, origin, "prod") == ["tool"]
    assert names_in(destination, origin, "unstable") == ["base", "tool"]
    assert destination.http.get(f"/v1/depot/origins/{origin}/keys/{key[-14:]}").status_code == 200
    assert "nothing to do, 0 transfers, 2 up to date" in sync(*channel)


def test_packages_are_demoted_only_with_prune_and_confirmation(
    published: Published, sync: Sync, destination: Stack, bobo_at_destination: CommandLine
) -> None:
    base, origin = published.base, published.origin
    channel = ["--channel", f"{origin}/prod"]
    sync(*channel, "--create-origins")
    bobo_at_destination.succeeds("promote", base.path, "prod", "--yes")

    assert "nothing to do" in sync(*channel)
    assert "not confirmed" in sync(*channel, "--prune", fails=True)
    assert names_in(destination, origin, "prod") == ["base", "tool"]
    assert f"demoted {base.path} (x86_64-linux) from prod" in sync(*channel, "--prune", "--yes")
    assert names_in(destination, origin, "prod") == ["tool"]
    assert names_in(destination, origin, "unstable") == ["base", "tool"]


def test_idents_are_mirrored_without_or_with_their_channels(
    published: Published, sync: Sync, destination: Stack
) -> None:
    origin = published.origin
    linux = ["--target", "x86_64-linux"]

    sync(f"{origin}/tool", *linux, "--latest-in", "prod", "--no-deps", "--create-origins")
    assert names_in(destination, origin, "unstable") == ["tool"]
    assert names_in(destination, origin, "prod") == []

    sync(published.tool.path, *linux, "--keep-channels")
    assert names_in(destination, origin, "prod") == ["tool"]
    assert names_in(destination, origin, "unstable") == ["base", "tool"]


def test_different_bytes_at_the_destination_are_a_conflict(
    published: Published, sync: Sync, destination: Stack
) -> None:
    base, origin = published.base, published.origin
    assert destination.http.post("/v1/depot/origins", json={"name": origin}).status_code == 201
    different = a_hart(origin=origin, name="base", payload=b"different")
    assert destination.upload(different).status_code == 201

    output = sync("--channel", f"{origin}/prod", fails=True)

    assert f"conflict\t{base.path} (x86_64-linux) exists with different bytes and is left unchanged" in output
    assert checksum_at(destination, base) == different.checksum
    assert names_in(destination, origin, "prod") == [], "the dependency is not the one that the tool was built with"


def test_an_interrupted_export_to_a_folder_is_resumed(
    published: Published, bobo: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool, base, key = published
    folder = tmp_path / "mirror"
    export = ["sync", "--to", folder, "--channel", f"{published.origin}/prod"]
    downloads: list[str] = []

    def fails_once(builder: Builder, details: PackageDetails, path: Path, progress: ProgressReporter) -> bool:
        downloads.append(details.package.ident.name)
        if len(downloads) == 2:
            raise Unreachable("interrupted")
        return download_archive(builder, details, path, progress)

    monkeypatch.setattr(builder_location, "download_archive", fails_once)
    assert "interrupted" in bobo.fails(*export)
    bobo.succeeds(*export)

    assert downloads == ["base", "tool", "tool"]
    assert "nothing to do, 0 transfers, 2 up to date" in bobo.succeeds(*export)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [(row["ident"], row["checksum"], row["channels"]) for row in manifest["packages"]] == [
        (base.path, base.checksum, []),
        (tool.path, tool.checksum, ["prod"]),
    ]
    assert (folder / "keys" / f"{key}.pub").exists()
    assert {path.name for path in (folder / "harts").iterdir()} == {base.archive_name, tool.archive_name}


def test_a_folder_is_imported_completely(
    published: Published, bobo: CommandLine, destination: Stack, bobo_at_destination: CommandLine, tmp_path: Path
) -> None:
    tool, _, key = published
    origin, folder = published.origin, tmp_path / "mirror"
    bobo.succeeds("sync", "--to", folder, "--channel", f"{origin}/prod")

    bobo_at_destination.succeeds("sync", "--from", folder, "--create-origins")

    assert names_in(destination, origin, "prod") == ["tool"]
    assert checksum_at(destination, tool) == tool.checksum
    assert destination.http.get(f"/v1/depot/origins/{origin}/keys/{key[-14:]}").status_code == 200
    assert bobo_at_destination.json("sync", "--from", folder, "--dry-run") == []


def test_a_damaged_archive_in_a_folder_is_not_published(
    published: Published, bobo: CommandLine, destination: Stack, bobo_at_destination: CommandLine, tmp_path: Path
) -> None:
    archive_name, folder = published.base.archive_name, tmp_path / "mirror"
    bobo.succeeds("sync", "--to", folder, "--channel", f"{published.origin}/prod")
    (folder / "harts" / archive_name).write_bytes(b"damaged")

    output = bobo_at_destination.fails("sync", "--from", folder, "--create-origins")

    assert f"{archive_name} is missing or damaged" in output
    assert names_in(destination, published.origin, "unstable") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "folder"], "there is nothing to mirror"),
        (["--from", "folder"], "folder is not a mirror"),
        ([], "source and destination are the same"),
        (["--to", "folder", "--channel", "acme"], "is not a channel; write ORIGIN/CHANNEL"),
        (["--to", "folder", "--channel", "acme/unstable", "--prune"], "unstable cannot be pruned"),
        (["--to", "folder", "--channel", "acme/none", "--prune", "--yes"], "has no channel none in origin acme"),
        (["--to", "folder", "acme/none"], "has no acme/none for"),
    ],
)
def test_the_error_for_wrong_arguments_says_what_is_wrong(
    bobo: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)

    assert message in bobo.fails("sync", *arguments)


def test_the_configured_token_is_not_sent_to_another_builder(
    published: Published, bobo: CommandLine, destination: Stack
) -> None:
    ident = published.tool.path

    output = bobo.fails("sync", "--to", destination.url, ident, "--create-origins", "--target", "x86_64-linux")

    assert "needs a token" in output
