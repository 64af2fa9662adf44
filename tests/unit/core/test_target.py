"""Package targets, and the target of a request (packages.md section 1.6)."""

import pytest

from chalicelib.core.target import DEFAULT_TARGET, Target, TargetUnknown, resolve


def test_there_are_exactly_seven_targets() -> None:
    assert sorted(Target) == [
        "aarch64-darwin",
        "aarch64-linux",
        "aarch64-windows",
        "x86_64-darwin",
        "x86_64-linux",
        "x86_64-linux-kernel2",
        "x86_64-windows",
    ]


@pytest.mark.parametrize(
    "text", ["", "x86_64-Linux", "x86_64-linux ", "x86_64", "linux", "x86_64-linux\n", "X86_64_LINUX"]
)
def test_the_error_for_any_other_text_quotes_it(text: str) -> None:
    with pytest.raises(TargetUnknown) as refused:
        Target.parse(text)
    assert str(refused.value) == f"Invalid package target '{text}'"


def test_the_path_of_a_target() -> None:
    assert Target.X86_64_LINUX_KERNEL2.path == "x86_64/linux/kernel2"
    assert Target.AARCH64_DARWIN.path == "aarch64/darwin"


def test_the_query_takes_precedence_over_the_user_agent() -> None:
    assert resolve("x86_64-windows", "hab/1.6.0 (aarch64-linux; 5.4)") is Target.X86_64_WINDOWS


@pytest.mark.parametrize("query", ["", "bogus", "x86_64-linux;"])
def test_an_invalid_query_is_refused_even_with_a_valid_user_agent(query: str) -> None:
    with pytest.raises(TargetUnknown):
        resolve(query, "hab/1.6.0 (x86_64-linux; 5.4)")


@pytest.mark.parametrize(
    ("user_agent", "target"),
    [
        ("hab/0.56.0/20180530235935 (x86_64-windows; 10.0.16299)", Target.X86_64_WINDOWS),
        ("hab/1.6.1041 (aarch64-linux; 5.4.0-generic)", Target.AARCH64_LINUX),
        ("hab/1.6.1041(x86_64-windows; 10)", DEFAULT_TARGET),  # the first word includes the parenthesis
        ("hab/1.6.1041 (x86_64-linux-kernel2; 2.6.32)", DEFAULT_TARGET),
        ("hab/1.6.1041 (x86_64-windows;10)", DEFAULT_TARGET),
        ("hab/1.6.1041  (x86_64-windows; 10)", DEFAULT_TARGET),
        ("hab/1.6.1041 (x86_64-windows; 10", DEFAULT_TARGET),
        ("Mozilla/5.0 (Windows-NT; x86_64-windows; rv) Gecko", DEFAULT_TARGET),
        ("  hab/2 (x86_64-darwin; )", Target.X86_64_DARWIN),
        ("hab", DEFAULT_TARGET),
        ("", DEFAULT_TARGET),
        (None, DEFAULT_TARGET),
    ],
)
def test_the_user_agent_names_a_target_or_is_ignored(user_agent: str | None, target: Target) -> None:
    assert resolve(None, user_agent) is target


def test_the_default_is_linux() -> None:
    assert DEFAULT_TARGET is Target.X86_64_LINUX
