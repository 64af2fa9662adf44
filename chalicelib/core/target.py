"""Package targets, and the target of a request (packages.md section 1.6)."""

import re
from enum import StrEnum

from chalicelib.core.explained import Explained

_USER_AGENT = r"(?P<client>[^\s]+)\s?(\((?P<target>\w+-\w+); (?P<kernel>.*)\))?"


class TargetUnknown(Explained, ValueError):
    """The text is not one of the seven targets; `str()` is the message that clients print."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Invalid package target '{text}'")


class Target(StrEnum):
    """The platform of a package. A setting lists the targets that the depot accepts."""

    X86_64_DARWIN = "x86_64-darwin"
    X86_64_LINUX = "x86_64-linux"
    X86_64_LINUX_KERNEL2 = "x86_64-linux-kernel2"
    X86_64_WINDOWS = "x86_64-windows"
    AARCH64_DARWIN = "aarch64-darwin"
    AARCH64_LINUX = "aarch64-linux"
    AARCH64_WINDOWS = "aarch64-windows"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Return the target with exactly this name. Raises TargetUnknown."""
        try:
            return cls(text)
        except ValueError:
            raise TargetUnknown(text) from None

    @property
    def path(self) -> str:
        """The parts as folders, such as `x86_64/linux/kernel2`."""
        return self.value.replace("-", "/")


DEFAULT_TARGET = Target.X86_64_LINUX


def resolve(query: str | None, user_agent: str | None) -> Target:
    """Return the target of a request: that of the query parameter, else of the User-Agent, else the default.

    Raises TargetUnknown for an invalid or empty query parameter. A User-Agent without a valid target is ignored.
    """
    if query is not None:
        return Target.parse(query)
    match = re.search(_USER_AGENT, user_agent or "")
    if match is None or match["target"] is None:
        return DEFAULT_TARGET
    try:
        return Target.parse(match["target"])
    except TargetUnknown:
        return DEFAULT_TARGET
