"""`bldr upload` to a running Builder."""

import codecs
from pathlib import Path

import pytest

from bldr.files import FileSlice
from bldr.http_transport import HttpTransport
from chalicelib.core.ident import PackageIdent
from tests.bldr.builders import write_archives, write_new_key
from tests.bldr.command_line import CommandLine
from tests.builders.hart import Hart, a_hart
from tests.builders.stack import Stack
from tests.builders.uploads import BigHart

MIB = 1 << 20
PART_BYTES = 16 * MIB


def channels_of(stack: Stack, hart: Hart) -> list[str] | None:
    """The channels of a package, or None if it is not published."""
    response = stack.http.get(f"/v1{hart.in_channel('unstable')}", params={"target": hart.target})
    return sorted(response.json()["channels"]) if response.status_code == 200 else None


def a_large_archive(folder: Path, origin: str) -> tuple[BigHart, Path]:
    """An archive of two parts, and its path."""
    big = BigHart(PackageIdent(origin, "big", "1.0", "20240301123456"), 17)
    path = folder / f"{origin}-big-1.0-20240301123456-x86_64-linux.hart"
    path.write_bytes(b"".join(big.pieces()))
    return big, path


def test_a_folder_is_uploaded_with_signing_keys_and_dependencies_first(
    stack: Stack, bobo: CommandLine, tmp_path: Path
) -> None:
    origin = stack.an_origin()
    key = write_new_key(tmp_path / "keys", origin)
    unrelated_key = write_new_key(tmp_path / "keys", f"{origin}-unrelated")
    base = a_hart(origin=origin, name="base", signer=key)
    tool = a_hart(origin=origin, name="a-tool", deps=[base.path], tdeps=[base.path], signer=key)
    write_archives(tmp_path / "artifacts", base, tool)

    lines = bobo.succeeds("upload", tmp_path, "--channel", "prod").splitlines()

    assert lines[0] == f"uploaded key {key}"
    assert lines[1:3] == [f"uploaded {hart.path} (x86_64-linux)" for hart in (base, tool)]
    assert lines[3] == "2 uploaded, 0 skipped, 0 failed"
    assert channels_of(stack, tool) == channels_of(stack, base) == ["prod", "unstable"]
    assert unrelated_key not in "".join(lines)


def test_only_wanted_keys_are_read_and_unreadable_ones_are_a_warning(
    stack: Stack, bobo: CommandLine, tmp_path: Path
) -> None:
    origin = stack.an_origin()
    key = write_new_key(tmp_path / "keys", origin)
    hart = a_hart(origin=origin, signer=key)
    write_archives(tmp_path, hart)
    (tmp_path / "publisher.pub").write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / "._resource.pub").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "folder.pub").mkdir()

    assert bobo.succeeds("upload", tmp_path / hart.archive_name, tmp_path).splitlines()[:2] == [
        f"uploaded key {key}",
        f"uploaded {hart.path} (x86_64-linux)",
    ]

    (tmp_path / "keys" / f"{key}.pub").write_text("no key")
    lines = bobo.succeeds("upload", tmp_path).splitlines()

    assert sorted(line.partition(" is not ")[0] for line in lines[:2]) == [
        f"warning: {tmp_path}/keys/{key}.pub",
        f"warning: {tmp_path}/publisher.pub",
    ]
    assert lines[2] == f"skipped {hart.path} (x86_64-linux): already exists"


def test_a_key_is_also_found_in_a_file_with_another_name_and_a_byte_order_mark(
    stack: Stack, bobo: CommandLine, tmp_path: Path
) -> None:
    origin = stack.an_origin()
    key = write_new_key(tmp_path, origin)
    written = (tmp_path / f"{key}.pub").rename(tmp_path / "renamed.pub")
    written.write_bytes(codecs.BOM_UTF8 + written.read_bytes())
    write_archives(tmp_path, a_hart(origin=origin, signer=key))

    assert bobo.succeeds("upload", tmp_path).splitlines()[0] == f"uploaded key {key}"


def test_a_named_key_that_is_malformed_is_an_error(bobo: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "mine.pub"
    path.write_text("no key")

    assert f"{path} is not a public signing key" in bobo.fails("upload", path)


def test_an_existing_package_is_skipped(stack: Stack, bobo: CommandLine, tmp_path: Path) -> None:
    hart = a_hart(origin=stack.an_origin())
    write_archives(tmp_path, hart)
    bobo.succeeds("upload", tmp_path)

    lines = bobo.succeeds("upload", tmp_path / hart.archive_name).splitlines()

    assert lines == [f"skipped {hart.path} (x86_64-linux): already exists", "0 uploaded, 1 skipped, 0 failed"]


def test_a_failure_stops_dependents_and_promotions(stack: Stack, bobo: CommandLine, tmp_path: Path) -> None:
    origin = stack.an_origin()
    bad = a_hart(origin=origin, name="bad", exposes=["no-port"])
    dependent = a_hart(origin=origin, name="dependent", tdeps=[bad.path])
    good = a_hart(origin=origin, name="good")
    write_archives(tmp_path, bad, dependent, good)

    output = bobo.fails("upload", tmp_path, "--channel", "prod")

    assert f"failed: cannot upload {bad.path} (x86_64-linux): localhost" in output
    assert f"failed: {dependent.path} (x86_64-linux): not started, because {bad.path} (x86_64-linux) failed" in output
    assert "bldr: 2 uploads failed; nothing was promoted; run the same command again to continue" in output
    assert channels_of(stack, good) == ["unstable"]
    assert channels_of(stack, dependent) is None


def test_different_bytes_are_never_replaced(stack: Stack, bobo: CommandLine, tmp_path: Path) -> None:
    origin = stack.an_origin()
    first, second = (a_hart(origin=origin, payload=payload) for payload in (b"first", b"second"))
    bobo.succeeds("upload", write_archives(tmp_path / "1", first))

    for options in [], ["--force"]:
        output = bobo.fails("upload", write_archives(tmp_path / "2", second), *options)
        assert "with different bytes; build a new release" in output
    assert "1 uploaded" in bobo.succeeds("upload", tmp_path / "1", "--force")


def test_a_missing_origin_is_an_error_or_is_created(stack: Stack, bobo: CommandLine, tmp_path: Path) -> None:
    origin = f"{stack.an_origin()}-new"
    hart = a_hart(origin=origin)
    write_archives(tmp_path, hart)

    assert f"has no origin {origin}; create it, or pass --create-origins" in bobo.fails("upload", tmp_path)
    bobo.succeeds("upload", tmp_path, "--create-origins")
    assert channels_of(stack, hart) == ["unstable"]


def test_an_interrupted_upload_of_a_large_archive_is_resumed(
    stack: Stack, bobo: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big, path = a_large_archive(tmp_path, stack.an_origin())
    sent: list[int] = []
    put_to_signed_url = HttpTransport.put_to_signed_url

    def interrupted_after_one(transport: HttpTransport, url: str, body: FileSlice) -> object:
        if sent:
            raise KeyboardInterrupt
        return recorded(transport, url, body)

    def recorded(transport: HttpTransport, url: str, body: FileSlice) -> object:
        sent.append(len(body))
        return put_to_signed_url(transport, url, body)

    monkeypatch.setattr(HttpTransport, "put_to_signed_url", interrupted_after_one)
    assert bobo.run("upload", path).exit_code == 1
    monkeypatch.setattr(HttpTransport, "put_to_signed_url", recorded)
    assert "1 uploaded" in bobo.succeeds("upload", path)

    assert sent == [PART_BYTES, big.size - PART_BYTES]
    assert stack.http.get(f"/v1/depot/pkgs/{big.ident}").json()["checksum"] == big.checksum


@pytest.mark.parametrize("whole_up_to", ["0", "4"])
def test_an_archive_is_published_in_parts_or_in_one_request(
    stack: Stack, bobo: CommandLine, tmp_path: Path, whole_up_to: str
) -> None:
    hart = a_hart(origin=stack.an_origin())

    bobo.succeeds("upload", write_archives(tmp_path, hart), "--whole-up-to", whole_up_to)

    assert channels_of(stack, hart) == ["unstable"]


def test_the_error_for_an_unusable_path_says_what_is_wrong(bobo: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "damaged.hart").write_bytes(b"HART-1\nno")

    assert "damaged.hart is not a package archive: the file ends" in bobo.fails("upload", tmp_path / "damaged.hart")
    assert "absent.hart is not a folder, a .hart file" in bobo.fails("upload", tmp_path / "absent.hart")
    assert "there are no archives" in bobo.fails("upload", write_archives(tmp_path / "empty"))


def test_the_error_for_an_upload_without_a_token_asks_for_one(
    stack: Stack, unconfigured: CommandLine, tmp_path: Path
) -> None:
    hart = a_hart(origin=stack.an_origin())

    output = unconfigured.fails("upload", write_archives(tmp_path, hart), HAB_BLDR_URL=stack.url)

    assert "needs a token; set HAB_AUTH_TOKEN" in output
