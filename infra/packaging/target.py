"""What an archive is built for: a version of Python and an architecture, as the template names them."""

import platform
import sys
from dataclasses import dataclass
from typing import Any

from packaging.markers import default_environment

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""The names of Lambda's architectures, and those of Linux."""

OLDEST_GLIBC, NEWEST_GLIBC = 17, 34
"""Wheels for these versions 2.n run on Amazon Linux 2023, which Lambda's Python runs on since 3.12."""


@dataclass(frozen=True)
class Target:
    """A version of Python on an architecture of Lambda."""

    runtime: str
    architecture: str

    @property
    def version(self) -> str:
        """The version of Python, such as `3.13`."""
        return self.runtime.removeprefix("python")

    @property
    def machine(self) -> str:
        """The name that Linux and wheels use for the architecture."""
        return MACHINES[self.architecture]

    def platforms(self) -> list[str]:
        """Return the platform tags of wheels that run on Lambda."""
        versions = range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)
        return [*(f"manylinux_2_{minor}_{self.machine}" for minor in versions), f"manylinux2014_{self.machine}"]

    def marker_environment(self) -> dict[str, str]:
        """Return the values of environment markers, such as `python_version`, on Lambda."""
        values: dict[str, Any] = dict(default_environment())
        return values | {
            "implementation_name": "cpython",
            "implementation_version": f"{self.version}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.version}.0",
            "python_version": self.version,
            "sys_platform": "linux",
        }


def of_template(template: dict[str, Any]) -> Target:
    """Return what the template says for all functions."""
    settings = template["Globals"]["Function"]
    [architecture] = settings["Architectures"]
    return Target(settings["Runtime"], architecture)


def this_machine() -> Target:
    """Return the Python that runs this program, and its architecture."""
    names = {linux: architecture for architecture, linux in MACHINES.items()}
    machine = platform.machine()
    return Target(f"python{sys.version_info.major}.{sys.version_info.minor}", names.get(machine, machine))
