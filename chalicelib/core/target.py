"""Targets: the platforms that packages are built for, and how a request says which one it means (packages.md 1.6)."""

import re
from enum import StrEnum

_USER_AGENT = re.compile(r"(?P<client>[^\s]+)\s?(\((?P<target>\w+-\w+); (?P<kernel>.*)\))?")


class TargetUnknown(ValueError):
    """The text names no target."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Invalid package target '{text}'")


class Target(StrEnum):
    """A platform; the text is exact and case-sensitive."""

    X86_64_DARWIN = "x86_64-darwin"
    X86_64_LINUX = "x86_64-linux"
    X86_64_LINUX_KERNEL2 = "x86_64-linux-kernel2"
    X86_64_WINDOWS = "x86_64-windows"
    AARCH64_DARWIN = "aarch64-darwin"
    AARCH64_LINUX = "aarch64-linux"
    AARCH64_WINDOWS = "aarch64-windows"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Raises TargetUnknown, whose text is the answer to the client."""
        try:
            return cls(text)
        except ValueError:
            raise TargetUnknown(text) from None

    @property
    def path(self) -> str:
        """Its part of an artifact's key: `x86_64/linux/kernel2`."""
        return self.value.replace("-", "/")


DEFAULT_TARGET = Target.X86_64_LINUX


def resolve(query: str | None, user_agent: str | None) -> Target:
    """The target of a request: the query's, else the User-Agent's, else the default. Raises TargetUnknown."""
    if query is not None:
        return Target.parse(query)
    match = _USER_AGENT.search(user_agent or "")
    named = match["target"] if match else None
    return Target(named) if named in set(Target) else DEFAULT_TARGET
