"""Which packages need a licence (packages.md 5.7, check 3)."""

import pytest
from msgspec.structs import replace

from chalicelib.packages import license_gate
from chalicelib.platform.config import config


@pytest.fixture(autouse=True)
def gate(monkeypatch):
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
def test_channels_decide_who_needs_a_licence(channels, gated):
    assert license_gate.is_gated(channels) is gated


def test_without_restricted_channels_there_is_no_gate(monkeypatch):
    monkeypatch.setattr(license_gate, "config", config)

    assert not license_gate.is_gated(["unstable"])
