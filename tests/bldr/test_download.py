"""`bldr download` against a Builder."""

import pytest

from tests.bldr.conftest import put, put_key
from tests.builders.hart import a_hart


@pytest.fixture(scope="module")
def published(stack, tmp_path_factory):
    """A tool in `stable` that needs a base, uploaded with their key; and the key's name."""
    folder = tmp_path_factory.mktemp("published")
    origin = stack.an_origin()
    key = put_key(folder, origin)
    text = (folder / f"{key}.pub").read_text()
    assert stack.http.post(f"/v1/depot/origins/{origin}/keys/{key[-14:]}", content=text).status_code == 201
    base = a_hart(origin=origin, name="base", signer=key)
    tool = a_hart(origin=origin, name="tool", version="1.0+x~y%2", tdeps=[base.path], signer=key)
    for hart in base, tool:
        url = f"/v1{hart.url.replace('%', '%25')}"
        query = {"checksum": hart.checksum, "target": hart.target}
        assert stack.http.post(url, params=query, content=hart.content).status_code == 201
    reply = stack.http.put(
        f"/v1{tool.in_channel('stable').replace('%', '%25')}/promote", params={"target": tool.target}
    )
    assert reply.status_code == 200
    return base, tool, key


def test_the_latest_with_its_needs_and_keys_in_the_form_that_hab_takes(published, bobo, tmp_path):
    base, tool, key = published
    name = f"{tool.ident.origin}/tool"

    said = bobo.succeeds("download", name, "--target", "x86_64-linux", "--deps", "--to", tmp_path)

    assert f"2 packages in {tmp_path}, 0 failed" in said
    for hart in base, tool:
        assert (tmp_path / "artifacts" / hart.archive_name).read_bytes() == hart.content
    assert (tmp_path / "keys" / f"{key}.pub").read_text().startswith("SIG-PUB-1\n")

    again = bobo.succeeds("download", name, "--target", "x86_64-linux", "--deps", "--to", tmp_path)
    assert again.count("which is there") == 2


def test_without_needs_and_by_full_ident_from_any_channel(published, bobo, tmp_path):
    base, _, _ = published

    bobo.succeeds("download", base.path, "--target", "x86_64-linux", "--to", tmp_path)

    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == [base.archive_name]


@pytest.mark.parametrize("options", [["--channel", "prod"], ["--target", "x86_64-windows"]])
def test_what_is_not_there_is_said_with_where_it_was_looked_for(published, bobo, tmp_path, options):
    name = f"{published[1].ident.origin}/tool"

    said = bobo.fails("download", name, "--to", tmp_path, *options)

    assert f"has no {name} for" in said
    assert options[1] in said


def test_what_was_downloaded_can_be_uploaded(published, bobo, tmp_path):
    base, _, _ = published
    bobo.succeeds("download", base.path, "--target", "x86_64-linux", "--to", tmp_path)

    assert "1 there already, 0 failed" in bobo.succeeds("upload", tmp_path)
    assert "1 there already, 0 failed" in bobo.succeeds("upload", tmp_path / "artifacts" / base.archive_name)


def test_a_key_that_the_builder_lacks_fails_the_command(stack, bobo, tmp_path):
    hart = a_hart(origin=stack.an_origin(), signer="nobody-20240101000000")
    bobo.succeeds("upload", put(tmp_path / "up", hart))

    said = bobo.fails("download", hart.path, "--target", "x86_64-linux", "--to", tmp_path / "down")

    assert "lacks key nobody-20240101000000" in said
