"""The target of the machine that the program runs on."""

import pytest

from bldr.host import host_target
from chalicelib.core.target import Target


@pytest.mark.parametrize(
    ("machine", "system", "target"),
    [
        ("x86_64", "Linux", Target.X86_64_LINUX),
        ("AMD64", "Windows", Target.X86_64_WINDOWS),
        ("arm64", "Darwin", Target.AARCH64_DARWIN),
        ("vax", "VMS", Target.X86_64_LINUX),
    ],
)
def test_the_target_follows_from_machine_and_system(
    monkeypatch: pytest.MonkeyPatch, machine: str, system: str, target: Target
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.system", lambda: system)

    assert host_target() is target
