"""`bldr upload` against a Builder."""

import pytest

from bldr.wire import Wire
from chalicelib.core.ident import PackageIdent
from tests.bldr.conftest import put, put_key
from tests.builders.hart import a_hart
from tests.builders.uploads import BigHart

MIB = 1 << 20


def published(stack, hart):
    """Its channels, or None when it is not there."""
    reply = stack.http.get(f"/v1{hart.in_channel('unstable')}", params={"target": hart.target})
    return sorted(reply.json()["channels"]) if reply.status_code == 200 else None


def a_big_file(folder, origin, mebibytes):
    """An archive that is sent in parts, and its path."""
    big = BigHart(PackageIdent(origin, "big", "1.0", "20240301123456"), mebibytes)
    path = put(folder) / f"{origin}-big-1.0-20240301123456-x86_64-linux.hart"
    path.write_bytes(b"".join(big.pieces()))
    return big, path


def test_folders_with_keys_and_needs_arrive_as_a_whole_and_again_do_nothing(stack, bobo, tmp_path):
    origin = stack.an_origin()
    key = put_key(tmp_path / "keys", origin)
    foreign = put_key(tmp_path / "keys", f"{origin}-foreign")
    base = a_hart(origin=origin, name="base", signer=key)
    tool = a_hart(origin=origin, name="a-tool", deps=[base.path], tdeps=[base.path], signer=key)
    put(tmp_path / "artifacts", base, tool)

    lines = bobo.succeeds("upload", tmp_path, "--channel", "prod").splitlines()

    assert lines[0] == f"uploaded key {key}"
    assert lines[1:3] == [f"uploaded {hart.path} (x86_64-linux)" for hart in (base, tool)]
    assert lines[3] == "2 uploaded, 0 there already, 0 failed"
    assert published(stack, tool) == published(stack, base) == ["prod", "unstable"]
    assert foreign not in "".join(lines)

    again = bobo.succeeds("upload", tmp_path / "artifacts" / tool.archive_name).splitlines()
    assert again == [f"skipped {tool.path} (x86_64-linux), which is there", "0 uploaded, 1 there already, 0 failed"]


def test_a_failure_holds_back_what_needs_it_and_every_promotion(stack, bobo, tmp_path):
    origin = stack.an_origin()
    bad = a_hart(origin=origin, name="bad", exposes=["no-port"])
    dependent = a_hart(origin=origin, name="dependent", tdeps=[bad.path])
    good = a_hart(origin=origin, name="good")
    put(tmp_path, bad, dependent, good)

    said = bobo.fails("upload", tmp_path, "--channel", "prod")

    assert f"failed: cannot upload {bad.path} (x86_64-linux): localhost" in said
    assert f"failed: {dependent.path} (x86_64-linux): held back, since {bad.path} (x86_64-linux) has failed" in said
    assert "bldr: 2 uploads failed; nothing was promoted; the same command goes on from here" in said
    assert published(stack, good) == ["unstable"]
    assert published(stack, dependent) is None


def test_other_bytes_are_never_replaced_not_even_by_force(stack, bobo, tmp_path):
    origin = stack.an_origin()
    first, second = (a_hart(origin=origin, payload=payload) for payload in (b"first", b"second"))
    bobo.succeeds("upload", put(tmp_path / "1", first))

    for options in [], ["--force"]:
        assert "is at" in bobo.fails("upload", put(tmp_path / "2", second), *options)
    assert "1 uploaded" in bobo.succeeds("upload", tmp_path / "1", "--force")


def test_an_origin_that_is_missing_is_said_or_made(stack, bobo, tmp_path):
    origin = f"{stack.an_origin()}-new"
    hart = a_hart(origin=origin)
    put(tmp_path, hart)

    assert f"has no origin {origin}; create it, or pass --create-origins" in bobo.fails("upload", tmp_path)
    bobo.succeeds("upload", tmp_path, "--create-origins")
    assert published(stack, hart) == ["unstable"]


def test_a_large_archive_goes_on_where_it_was_cut_off(stack, bobo, tmp_path, monkeypatch):
    origin = stack.an_origin()
    big, path = a_big_file(tmp_path, origin, 17)
    sent, real = [], Wire.put_elsewhere

    def cut_off(wire, url, body):
        if sent:
            raise KeyboardInterrupt
        sent.append(len(body))
        return real(wire, url, body)

    monkeypatch.setattr(Wire, "put_elsewhere", cut_off)
    assert bobo("upload", path).exit_code == 1

    def go_on(wire, url, body):
        sent.append(len(body))
        return real(wire, url, body)

    monkeypatch.setattr(Wire, "put_elsewhere", go_on)
    assert "1 uploaded" in bobo.succeeds("upload", path)

    assert sent == [16 * MIB, big.size - 16 * MIB]
    found = stack.http.get(f"/v1/depot/pkgs/{big.ident}").json()
    assert found["checksum"] == big.checksum


def test_a_builder_without_uploads_in_parts_gets_it_whole(stack, bobo, tmp_path, monkeypatch):
    hart = a_hart(origin=stack.an_origin())
    monkeypatch.setattr("bldr.sending.UPLOADS", ("depot", "no-such-thing"))

    bobo.succeeds("upload", put(tmp_path, hart), "--whole-up-to", "0")

    assert published(stack, hart) == ["unstable"]


@pytest.mark.parametrize("whole_up_to", ["0", "4"])
def test_both_ways_end_alike(stack, bobo, tmp_path, whole_up_to):
    hart = a_hart(origin=stack.an_origin())

    bobo.succeeds("upload", put(tmp_path, hart), "--whole-up-to", whole_up_to)

    assert published(stack, hart) == ["unstable"]


def test_what_cannot_be_uploaded_is_said_in_one_line(stack, bobo, shell, tmp_path):
    (tmp_path / "damaged.hart").write_bytes(b"HART-1\nno")
    hart = a_hart(origin=stack.an_origin())

    assert "damaged.hart is no package archive: the file ends" in bobo.fails("upload", tmp_path / "damaged.hart")
    assert "is no folder, no .hart" in bobo.fails("upload", tmp_path / "absent.hart")
    assert "there is no archive" in bobo.fails("upload", put(tmp_path / "empty"))
    anonymous = shell.fails("upload", put(tmp_path / "good", hart), HAB_BLDR_URL=stack.url)
    assert "needs a token; set HAB_AUTH_TOKEN" in anonymous
