"""The channels of a package decide whether it needs a licence (packages.md 5.7, check 3)."""

import pytest
from msgspec.structs import replace

from chalicelib.packages import license_gate
from chalicelib.platform.config import config


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure the gate."""
    gated = replace(
        config,
        unrestricted_channels=("free",),
        partially_unrestricted_channels=("stable",),
        restricted_if_present=("LTS-2024",),
    )
    monkeypatch.setattr(license_gate, "config", gated)


@pytest.mark.parametrize(
    ("channels", "gated"),
    [
        (["unstable"], True),
        (["unstable", "stable"], False),
        (["unstable", "stable", "LTS-2024"], True),
        (["unstable", "LTS-2024"], True),
        (["unstable", "free"], False),
        (["unstable", "LTS-2024", "free"], False),
    ],
)
def test_the_channels_decide(channels: list[str], gated: bool) -> None:
    assert license_gate.is_gated(channels) is gated


def test_no_package_is_gated_without_restricted_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(license_gate, "config", config)

    assert not license_gate.is_gated(["unstable"])
