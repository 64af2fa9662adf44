"""Clients of AWS: the time limit of a call."""

import pytest

from chalicelib.platform import aws
from chalicelib.platform.config import Config


@pytest.mark.parametrize(
    ("configured", "service", "seconds"),
    [(0, "dynamodb", aws.READ_SECONDS), (0, "s3", aws.S3_READ_SECONDS), (120, "dynamodb", 120), (120, "s3", 120)],
)
def test_a_call_may_take_as_long_as_configured(
    monkeypatch: pytest.MonkeyPatch, configured: int, service: str, seconds: int
) -> None:
    monkeypatch.setattr(aws, "settings", Config(aws_seconds=configured))

    assert aws._created(service).meta.config.read_timeout == seconds
