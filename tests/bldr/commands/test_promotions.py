"""`bldr promote`, `bldr demote` and `bldr channels` with a running Builder."""

import pytest

from tests.bldr.command_line import CommandLine
from tests.builders.hart import Hart, a_hart
from tests.builders.stack import Stack


@pytest.fixture
def origin(stack: Stack) -> str:
    """A new origin."""
    return stack.an_origin()


def publish(stack: Stack, origin: str, name: str = "widget", target: str = "x86_64-linux") -> Hart:
    """Publish a package and return its archive."""
    hart = a_hart(origin=origin, name=name, target=target)
    assert stack.upload(hart).status_code == 201
    return hart


def channels_of(bobo: CommandLine, hart: Hart) -> list[tuple[str, str]]:
    """The (target, channel) pairs of a release."""
    return sorted((row["target"], row["name"]) for row in bobo.json("channels", hart.path))


def test_a_promotion_shows_the_plan_and_changes_all_targets(stack: Stack, bobo: CommandLine, origin: str) -> None:
    linux = publish(stack, origin)
    publish(stack, origin, target="x86_64-windows")

    lines = bobo.succeeds("promote", linux.path, "prod", "--yes").splitlines()

    assert lines[:2] == [f"{linux.path}\t{target}\tpromote" for target in ("x86_64-linux", "x86_64-windows")]
    assert lines[2] == "2 packages promoted to prod"
    assert ("x86_64-windows", "prod") in channels_of(bobo, linux)
    assert "nothing to promote" in bobo.succeeds("promote", linux.path, "prod")


def test_a_promotion_can_be_limited_to_one_target(stack: Stack, bobo: CommandLine, origin: str) -> None:
    linux = publish(stack, origin)
    publish(stack, origin, target="x86_64-windows")

    bobo.succeeds("promote", linux.path, "prod", "--yes", "--target", "x86_64-windows")

    assert [row for row in channels_of(bobo, linux) if row[1] == "prod"] == [("x86_64-windows", "prod")]


def test_nothing_is_changed_without_confirmation(stack: Stack, bobo: CommandLine, origin: str) -> None:
    hart = publish(stack, origin)

    for stdin in "n\n", None:
        assert "not confirmed, so nothing was changed" in bobo.fails("promote", hart.path, "prod", stdin=stdin)
    assert bobo.json("channels", origin) == [{"name": "stable"}, {"name": "unstable"}]
    bobo.succeeds("promote", hart.path, "prod", stdin="y\n")
    assert "prod" in bobo.succeeds("channels", origin)


def test_a_demotion_changes_only_members(stack: Stack, bobo: CommandLine, origin: str) -> None:
    member, other = publish(stack, origin, name="member"), publish(stack, origin, name="other")
    bobo.succeeds("promote", member.path, "stable", "--yes")

    output = bobo.succeeds("demote", member.path, other.path, "stable", "--yes")

    assert f"{other.path}\tx86_64-linux\tnot there" in output
    assert "1 package demoted from stable" in output
    assert channels_of(bobo, member) == [("x86_64-linux", "unstable")]


def test_all_packages_of_a_channel_are_changed(stack: Stack, bobo: CommandLine, origin: str) -> None:
    packages = [publish(stack, origin, name=name) for name in ("one", "two")]

    output = bobo.succeeds("promote", "--from-channel", "unstable", "prod", "--yes", HAB_ORIGIN=origin)
    assert "2 packages promoted to prod" in output
    assert all(("x86_64-linux", "prod") in channels_of(bobo, hart) for hart in packages)

    bobo.succeeds("promote", packages[0].path, "bad", "--yes")
    assert "1 package demoted from prod" in bobo.succeeds("demote", "--from-channel", "bad", origin, "prod", "--yes")
    assert ("x86_64-linux", "prod") not in channels_of(bobo, packages[0])


def test_one_target_of_a_channel_is_promoted(stack: Stack, bobo: CommandLine, origin: str) -> None:
    hart = publish(stack, origin)
    publish(stack, origin, target="x86_64-windows")
    bobo.succeeds("promote", hart.path, "acc", "--yes", "--target", "x86_64-linux")

    bobo.succeeds("promote", "--from-channel", "unstable", origin, "acc", "--yes", "--target", "x86_64-windows")

    assert {row for row in channels_of(bobo, hart) if row[1] == "acc"} == {
        ("x86_64-linux", "acc"),
        ("x86_64-windows", "acc"),
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["promote", "{origin}/widget", "stable"], "is not a full ident; promote takes origin/name/version/release"),
        (["promote", "{origin}/widget/9/9", "stable"], "has no {origin}/widget/9/9; check the ident"),
        (["promote", "{path}", "stable", "--target", "aarch64-linux"], "it exists for x86_64-linux"),
        (["promote", "stable"], "there is nothing to promote"),
        (["demote", "{path}", "unstable"], "every package is always in unstable"),
        (["promote", "--from-channel", "no", "{origin}", "stable"], "has no channel no in origin {origin}"),
        (["demote", "--from-channel", "a", "{origin}", "a"], "name two different channels"),
        (["promote", "--from-channel", "a", "{path}", "b"], "not idents"),
        (["promote", "--from-channel", "a", "b"], "no origin is configured for channel a"),
    ],
)
def test_an_error_is_one_line(stack: Stack, bobo: CommandLine, origin: str, arguments: list[str], message: str) -> None:
    names = {"origin": origin, "path": publish(stack, origin).path}

    last_line = bobo.fails(*[argument.format(**names) for argument in arguments]).splitlines()[-1]

    assert last_line.startswith("bldr: ")
    assert message.format(**names) in last_line


def test_the_error_for_a_missing_role_names_the_role(stack: Stack, bobo: CommandLine, origin: str) -> None:
    hart = publish(stack, origin)

    output = bobo.fails("promote", hart.path, "prod", "--yes", HAB_AUTH_TOKEN="hank")

    assert "(requires a maintainer)" in output
    assert "does not accept the token for this" in output
