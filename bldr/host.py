"""The target of the machine that the program runs on."""

import platform

from chalicelib.core.target import DEFAULT_TARGET, Target, TargetUnknown

_HAB_NAMES = {"amd64": "x86_64", "arm64": "aarch64"}


def host_target() -> Target:
    """Return the target of this machine, or x86_64-linux if hab has no target for it."""
    machine = platform.machine().lower()
    try:
        return Target.parse(f"{_HAB_NAMES.get(machine, machine)}-{platform.system().lower()}")
    except TargetUnknown:
        return DEFAULT_TARGET
