"""`bldr sync` between two Builders, and across an air gap."""

import json

import pytest

from bldr.errors import Unreachable
from tests.bldr.conftest import Shell, put, put_key
from tests.builders.hart import a_hart
from tests.builders.stack import depot_stack


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A second Builder."""
    with depot_stack(tmp_path_factory.mktemp("other") / "log") as running:
        yield running


@pytest.fixture
def there(other, home):
    """The command line at the second Builder."""
    return Shell({"HAB_BLDR_URL": other.url, "HAB_AUTH_TOKEN": "bobo"})


@pytest.fixture
def filled(stack, bobo, tmp_path):
    """An origin with a tool in `prod`, a base that it needs, and something else; and the tool, the base, the key."""
    origin = stack.an_origin()
    key = put_key(tmp_path / "filled", origin)
    base = a_hart(origin=origin, name="base", signer=key)
    tool = a_hart(origin=origin, name="tool", tdeps=[base.path], signer=key)
    put(tmp_path / "filled", base, tool, a_hart(origin=origin, name="else", signer=key))
    bobo.succeeds("upload", tmp_path / "filled")
    bobo.succeeds("promote", tool.path, "prod", "--yes")
    return tool, base, key


@pytest.fixture
def sync(stack, other, bobo):
    """Mirror from the first Builder to the second."""

    def mirror(*arguments, fails=False, **more):
        run = bobo.fails if fails else bobo.succeeds
        return run("sync", "--to", other.url, *arguments, BLDR_TO_AUTH_TOKEN="bobo", **more)

    return mirror


def names_at(other, origin, channel):
    """Names of the packages in a channel of the second Builder."""
    rows = other.http.get(f"/v1/depot/channels/{origin}/{channel}/pkgs").json()["data"]
    return [row["name"] for row in rows]


def test_a_channel_arrives_with_what_it_needs_and_again_nothing_is_to_do(filled, sync, other):
    tool, base, key = filled
    origin = tool.ident.origin
    channel = ["--channel", f"{origin}/prod"]

    plan = sync(*channel, "--dry-run").splitlines()
    assert plan == [
        f"transfer\t{base.path} (x86_64-linux)",
        f"transfer\t{tool.path} (x86_64-linux)",
        f"create channel\t{origin}/prod",
        f"promote\t{tool.path} (x86_64-linux) to prod",
        "2 transfers, 0 there already",
    ]
    assert names_at(other, origin, "unstable") == []
    assert f"has no origin {origin}; create it, or pass --create-origins" in sync(*channel, fails=True)

    said = sync(*channel, "--create-origins")

    assert f"mirrored key {key}" in said
    assert names_at(other, origin, "prod") == ["tool"]
    assert names_at(other, origin, "unstable") == ["base", "tool"]
    assert other.http.get(f"/v1/depot/origins/{origin}/keys/{key[-14:]}").status_code == 200
    assert "nothing to do, 0 transfers, 2 there already" in sync(*channel)


def test_only_pruning_takes_something_out_and_only_after_a_yes(filled, sync, other, bobo, there):
    tool, base, _ = filled
    origin = tool.ident.origin
    channel = ["--channel", f"{origin}/prod"]
    sync(*channel, "--create-origins")
    there.succeeds("promote", base.path, "prod", "--yes")

    assert "nothing to do" in sync(*channel)
    assert "not confirmed" in sync(*channel, "--prune", fails=True)
    assert names_at(other, origin, "prod") == ["base", "tool"]
    assert f"demoted {base.path} (x86_64-linux) from prod" in sync(*channel, "--prune", "--yes")
    assert names_at(other, origin, "prod") == ["tool"]
    assert names_at(other, origin, "unstable") == ["base", "tool"]


def test_idents_go_alone_or_with_their_channels(filled, sync, other):
    tool, _, _ = filled
    origin = tool.ident.origin
    linux = ["--target", "x86_64-linux"]

    sync(f"{origin}/tool", *linux, "--latest-in", "prod", "--no-deps", "--create-origins")
    assert names_at(other, origin, "unstable") == ["tool"]
    assert names_at(other, origin, "prod") == []

    sync(tool.path, *linux, "--keep-channels")
    assert names_at(other, origin, "prod") == ["tool"]
    assert names_at(other, origin, "unstable") == ["base", "tool"]


def test_other_bytes_at_the_destination_are_left_alone(filled, sync, other):
    tool, base, _ = filled
    origin = tool.ident.origin
    assert other.http.post("/v1/depot/origins", json={"name": origin}).status_code == 201
    foreign = a_hart(origin=origin, name="base", payload=b"other")
    assert other.upload(foreign).status_code == 201

    said = sync("--channel", f"{origin}/prod", fails=True)

    assert f"conflict\t{base.path} (x86_64-linux) is there with other bytes and left alone" in said
    assert other.http.get(f"/v1/depot/pkgs/{base.path}").json()["checksum"] == foreign.checksum
    assert names_at(other, origin, "prod") == [], "its base is not the one that it was built with"


def test_across_an_air_gap_interrupted_and_taken_up_again(filled, bobo, other, there, tmp_path, monkeypatch):
    tool, base, key = filled
    origin = tool.ident.origin
    folder = tmp_path / "mirror"
    export = ["sync", "--to", folder, "--channel", f"{origin}/prod"]
    fetched = []

    def fails_second(builder, described, path, watch):
        fetched.append(described.package.ident.name)
        if len(fetched) == 2:
            raise Unreachable("cut off")
        return real(builder, described, path, watch)

    from bldr import builder_place

    real = builder_place.fetch
    monkeypatch.setattr(builder_place, "fetch", fails_second)
    assert "cut off" in bobo.fails(*export)
    bobo.succeeds(*export)

    assert fetched == ["base", "tool", "tool"]
    assert "nothing to do, 0 transfers, 2 there already" in bobo.succeeds(*export)
    manifest = json.loads((folder / "manifest.json").read_text())
    shown = [(row["ident"], row["target"], row["checksum"], row["channels"]) for row in manifest["packages"]]
    assert shown == [
        (base.path, "x86_64-linux", base.checksum, []),
        (tool.path, "x86_64-linux", tool.checksum, ["prod"]),
    ]
    assert (folder / "keys" / f"{key}.pub").exists()
    assert {path.name for path in (folder / "harts").iterdir()} == {base.archive_name, tool.archive_name}

    there.succeeds("sync", "--from", folder, "--create-origins")
    assert names_at(other, origin, "prod") == ["tool"]
    assert other.http.get(f"/v1/depot/pkgs/{tool.path}").json()["checksum"] == tool.checksum
    assert other.http.get(f"/v1/depot/origins/{origin}/keys/{key[-14:]}").status_code == 200
    assert there.json("sync", "--from", folder, "--dry-run") == []


def test_what_was_damaged_on_the_way_is_not_published(filled, bobo, other, there, tmp_path):
    tool, base, _ = filled
    folder = tmp_path / "mirror"
    bobo.succeeds("sync", "--to", folder, "--channel", f"{tool.ident.origin}/prod")
    (folder / "harts" / base.archive_name).write_bytes(b"damaged")

    said = there.fails("sync", "--from", folder, "--create-origins")

    assert f"{base.archive_name} is missing or damaged" in said
    assert names_at(other, tool.ident.origin, "unstable") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "folder"], "nothing to mirror is named"),
        (["--from", "folder"], "folder holds no mirror"),
        ([], "source and destination are the same"),
        (["--to", "folder", "--channel", "acme"], "is no channel; write ORIGIN/CHANNEL"),
        (["--to", "folder", "--channel", "acme/unstable", "--prune"], "unstable cannot be pruned"),
        (["--to", "folder", "--channel", "acme/none", "--prune", "--yes"], "has no channel none in origin acme"),
        (["--to", "folder", "acme/none"], "has no acme/none for"),
    ],
)
def test_mistakes_are_said_in_one_line(bobo, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)

    assert said in bobo.fails("sync", *arguments)


def test_the_configured_token_is_not_sent_to_another_builder(filled, bobo, other):
    said = bobo.fails("sync", "--to", other.url, filled[0].path, "--create-origins", "--target", "x86_64-linux")

    assert "needs a token" in said
