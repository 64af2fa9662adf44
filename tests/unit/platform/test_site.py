"""Whether a request came through our CloudFront distribution."""

import pytest
from msgspec.structs import replace

from chalicelib.platform import site
from chalicelib.platform.config import config


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "config", replace(config, site_key_secret="site-key"))
    monkeypatch.setattr(site, "secret_setting", lambda _text, secret: {"site-key": "s3cret"}[secret])


@pytest.mark.usefixtures("_key")
@pytest.mark.parametrize(
    ("key", "expected"), [("s3cret", True), ("S3cret", False), ("", False), (None, False), ("\xe9", False)]
)
def test_only_the_key_shows_that_the_distribution_sent_a_request(key: str | None, expected: bool) -> None:
    assert site.sent(key) is expected


def test_without_a_distribution_no_key_is_valid() -> None:
    assert not site.sent("")
