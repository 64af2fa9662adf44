"""Package targets, and which one a request means (packages.md section 1.6)."""

import re
from enum import StrEnum

_USER_AGENT = r"(?P<client>[^\s]+)\s?(\((?P<target>\w+-\w+); (?P<kernel>.*)\))?"


class TargetUnknown(ValueError):
    """The text is none of the seven targets; `str()` is the sentence that clients print."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Invalid package target '{text}'")


class Target(StrEnum):
    """What a package is built for. Which of them the depot accepts is a setting."""

    X86_64_DARWIN = "x86_64-darwin"
    X86_64_LINUX = "x86_64-linux"
    X86_64_LINUX_KERNEL2 = "x86_64-linux-kernel2"
    X86_64_WINDOWS = "x86_64-windows"
    AARCH64_DARWIN = "aarch64-darwin"
    AARCH64_LINUX = "aarch64-linux"
    AARCH64_WINDOWS = "aarch64-windows"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Case-sensitive, the whole text. Raises TargetUnknown."""
        try:
            return cls(text)
        except ValueError:
            raise TargetUnknown(text) from None

    @property
    def path(self) -> str:
        """Its parts as folders, `x86_64/linux/kernel2`."""
        return self.value.replace("-", "/")


DEFAULT_TARGET = Target.X86_64_LINUX


def resolve(query: str | None, user_agent: str | None) -> Target:
    """The query parameter if there is one (an empty one is invalid), else what the User-Agent names, else the default.

    Raises TargetUnknown for the query parameter only: a User-Agent that names no target says nothing.
    """
    if query is not None:
        return Target.parse(query)
    named = re.search(_USER_AGENT, user_agent or "")
    if named is None or named["target"] is None:
        return DEFAULT_TARGET
    try:
        return Target.parse(named["target"])
    except TargetUnknown:
        return DEFAULT_TARGET
