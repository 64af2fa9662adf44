"""`bldr promote`, `bldr demote` and `bldr channels` against a Builder."""

import pytest

from tests.builders.hart import a_hart


@pytest.fixture
def origin(stack):
    """A fresh origin."""
    return stack.an_origin()


def a_package(stack, origin, **how):
    """A published package."""
    hart = a_hart(origin=origin, **how)
    assert stack.upload(hart).status_code == 201
    return hart


def channels_of(bobo, hart):
    """Its channels by target."""
    return sorted((row["target"], row["name"]) for row in bobo.json("channels", hart.path))


def test_the_plan_is_shown_and_done_for_every_target_and_again_does_nothing(stack, bobo, origin):
    linux = a_package(stack, origin)
    a_package(stack, origin, target="x86_64-windows")

    said = bobo.succeeds("promote", linux.path, "prod", "--yes").splitlines()

    assert said[:2] == [f"{linux.path}\t{target}\tpromote" for target in ("x86_64-linux", "x86_64-windows")]
    assert said[2] == "2 packages promoted to prod"
    assert ("x86_64-windows", "prod") in channels_of(bobo, linux)
    assert "nothing to promote" in bobo.succeeds("promote", linux.path, "prod")


def test_only_one_target_can_be_meant(stack, bobo, origin):
    linux = a_package(stack, origin)
    a_package(stack, origin, target="x86_64-windows")

    bobo.succeeds("promote", linux.path, "prod", "--yes", "--target", "x86_64-windows")

    assert [row for row in channels_of(bobo, linux) if row[1] == "prod"] == [("x86_64-windows", "prod")]


def test_nothing_is_done_without_a_yes(stack, bobo, origin):
    hart = a_package(stack, origin)

    for answer in "n\n", None:
        assert "not confirmed, so nothing was changed" in bobo.fails("promote", hart.path, "prod", answer=answer)
    assert bobo.json("channels", origin) == [{"name": "stable"}, {"name": "unstable"}]
    bobo.succeeds("promote", hart.path, "prod", answer="y\n")
    assert "prod" in bobo.succeeds("channels", origin)


def test_demotion_takes_out_what_is_there(stack, bobo, origin):
    inside, outside = a_package(stack, origin, name="inside"), a_package(stack, origin, name="outside")
    bobo.succeeds("promote", inside.path, "stable", "--yes")

    said = bobo.succeeds("demote", inside.path, outside.path, "stable", "--yes")

    assert f"{outside.path}\tx86_64-linux\tis not there" in said
    assert "1 package demoted from stable" in said
    assert channels_of(bobo, inside) == [("x86_64-linux", "unstable")]


def test_all_of_a_channel_goes_along(stack, bobo, origin):
    packages = [a_package(stack, origin, name=name) for name in ("one", "two")]

    said = bobo.succeeds("promote", "--from-channel", "unstable", "prod", "--yes", HAB_ORIGIN=origin)
    assert "2 packages promoted to prod" in said
    assert all(("x86_64-linux", "prod") in channels_of(bobo, hart) for hart in packages)

    bobo.succeeds("promote", packages[0].path, "bad", "--yes")
    assert "1 package demoted from prod" in bobo.succeeds("demote", "--from-channel", "bad", origin, "prod", "--yes")
    assert ("x86_64-linux", "prod") not in channels_of(bobo, packages[0])


def test_one_target_of_a_channel(stack, bobo, origin):
    hart = a_package(stack, origin)
    a_package(stack, origin, target="x86_64-windows")
    bobo.succeeds("promote", hart.path, "acc", "--yes", "--target", "x86_64-linux")

    bobo.succeeds("promote", "--from-channel", "unstable", origin, "acc", "--yes", "--target", "x86_64-windows")

    assert {row for row in channels_of(bobo, hart) if row[1] == "acc"} == {
        ("x86_64-linux", "acc"),
        ("x86_64-windows", "acc"),
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "{origin}/widget", "stable"], "is no full ident; promote takes origin/name/version/release"),
        (["promote", "{origin}/widget/9/9", "stable"], "has no {origin}/widget/9/9; is the ident right"),
        (["promote", "{path}", "stable", "--target", "aarch64-linux"], "it exists for x86_64-linux"),
        (["promote", "stable"], "nothing to promote is named"),
        (["demote", "{path}", "unstable"], "in unstable for as long as it exists"),
        (["promote", "--from-channel", "no", "{origin}", "stable"], "has no channel no in origin {origin}"),
        (["demote", "--from-channel", "a", "{origin}", "a"], "name two channels"),
        (["promote", "--from-channel", "a", "{path}", "b"], "no idents"),
        (["promote", "--from-channel", "a", "b"], "no origin is named for channel a"),
    ],
)
def test_mistakes_are_said_in_one_line(stack, bobo, origin, arguments, said):
    hart = a_package(stack, origin)
    names = {"origin": origin, "path": hart.path}

    last = bobo.fails(*[argument.format(**names) for argument in arguments]).splitlines()[-1]

    assert last.startswith("bldr: ")
    assert said.format(**names) in last


def test_who_may_not_promote_hears_why(stack, bobo, origin):
    hart = a_package(stack, origin)

    said = bobo.fails("promote", hart.path, "prod", "--yes", HAB_AUTH_TOKEN="hank")

    assert "(which takes a maintainer)" in said
    assert "does not accept the token for this" in said
