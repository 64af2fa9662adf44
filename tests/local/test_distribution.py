"""The stand-in for the distribution accepts URLs signed by the service, and refuses all others (platform.md 4.3)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.platform import cdn
from chalicelib.platform.aws import client
from chalicelib.platform.config import read_config
from local import distribution
from local.distribution import SignedUrls
from tests.builders.engine import an_engine

LOCAL = {
    "BLDR_CDN_URL": "http://cdn.test/artifacts",
    "BLDR_CDN_KEY_ID": distribution.KEY_ID,
    "BLDR_CDN_KEY_SECRET": "cdn-key",
}
CONFIG = read_config(LOCAL)
KEY = "core/a+b/1.0~rc%251/20240101000000/x86_64/linux/00ff/core-a+b.hart"


@pytest.fixture(scope="module", autouse=True)
def signing() -> Iterator[None]:
    """A service that signs with the stand-in's key."""
    with an_engine(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(cdn, "config", CONFIG)
        cdn._private_key.cache_clear()
        distribution.ensure_signing_key(CONFIG)
        yield
        cdn._private_key.cache_clear()


@pytest.fixture(scope="module")
def check() -> SignedUrls:
    """The check of signed URLs."""
    return SignedUrls(CONFIG)


def path_and_query(url: str) -> tuple[str, dict[str, str]]:
    """Split a signed URL."""
    parts = urlsplit(url)
    return parts.path, dict(parse_qsl(parts.query))


@given(
    key=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(lambda k: k[0] != "/")
)
def test_signed_urls_of_all_keys_are_accepted(check: SignedUrls, key: str) -> None:
    assert check(*path_and_query(cdn.signed_url(key)))


def test_an_expired_url_is_refused(check: SignedUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdn, "VALID_FOR", timedelta(seconds=-1))

    assert not check(*path_and_query(cdn.signed_url(KEY)))


@pytest.mark.parametrize(
    "changed",
    [
        {"Expires": "99999999999"},
        {"Expires": "9" * 5000},
        {"Expires": "-1"},
        {"Expires": "tomorrow"},
        {"Signature": ""},
        {"Signature": "AAAA"},
        {"Signature": "not base64!"},
        {"Key-Pair-Id": "another"},
        {"Policy": "eyJ9"},
    ],
)
def test_changed_parameters_are_refused(check: SignedUrls, changed: dict[str, str]) -> None:
    path, query = path_and_query(cdn.signed_url(KEY))

    assert check(path, query)
    assert not check(path, {**query, **changed})


@pytest.mark.parametrize("missing", ["Expires", "Signature", "Key-Pair-Id"])
def test_missing_parameters_are_refused(check: SignedUrls, missing: str) -> None:
    path, query = path_and_query(cdn.signed_url(KEY))
    del query[missing]

    assert not check(path, query)


@pytest.mark.parametrize("path", ["/artifacts/other.hart", "/artifacts/", "/elsewhere"])
def test_another_path_is_refused(check: SignedUrls, path: str) -> None:
    _, query = path_and_query(cdn.signed_url(KEY))

    assert not check(path, query)


def test_an_equivalent_path_in_another_encoding_is_refused_as_by_cloudfront(check: SignedUrls) -> None:
    path, query = path_and_query(cdn.signed_url("core/tool.hart"))

    assert not check(path.replace("tool", "t%6Fol"), query)


def test_everything_is_refused_without_a_signing_key() -> None:
    path, query = path_and_query(cdn.signed_url(KEY))

    assert not SignedUrls(read_config({**LOCAL, "BLDR_CDN_KEY_SECRET": ""}))(path, query)


def test_an_existing_key_is_kept() -> None:
    path, query = path_and_query(cdn.signed_url(KEY))
    distribution.ensure_signing_key(CONFIG)

    assert SignedUrls(CONFIG)(path, query)


def test_the_key_of_another_distribution_is_not_generated() -> None:
    other = read_config({**LOCAL, "BLDR_CDN_KEY_ID": "K2JCJMDEHXQW5F", "BLDR_CDN_KEY_SECRET": "real"})
    distribution.ensure_signing_key(other)

    secrets = client("secretsmanager")
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="real")


def test_a_key_that_is_kept_in_a_file_is_used_again_by_a_new_engine(tmp_path: Path) -> None:
    secrets, kept = client("secretsmanager"), tmp_path / "downloads.pem"
    first, second = (read_config({**LOCAL, "BLDR_CDN_KEY_SECRET": name}) for name in ("engine-1", "engine-2"))
    distribution.ensure_signing_key(first, kept)
    distribution.ensure_signing_key(second, kept)

    values = {secrets.get_secret_value(SecretId=name)["SecretString"] for name in ("engine-1", "engine-2")}
    assert values == {kept.read_text()}
    assert kept.stat().st_mode & 0o777 == 0o600
