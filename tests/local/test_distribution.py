"""The check of signed URLs agrees with what signs them, and refuses everything else (platform.md 4.3)."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.platform import cdn
from chalicelib.platform.config import config
from local import distribution
from local.distribution import SignedUrls
from tests.builders.engine import an_engine

HERE = replace(config, cdn_url="http://cdn.test/artifacts", cdn_key_id=distribution.KEY_ID, cdn_key_secret="cdn-key")
KEY = "core/a+b/1.0~rc%251/20240101000000/x86_64/linux/00ff/core-a+b.hart"


@pytest.fixture(scope="module", autouse=True)
def signing() -> Iterator[None]:
    """An API that signs with the stand-in's key."""
    with an_engine(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(cdn, "config", HERE)
        cdn._private_key.cache_clear()
        distribution.ensure_signing_key(HERE)
        yield
        cdn._private_key.cache_clear()


@pytest.fixture(scope="module")
def check() -> SignedUrls:
    return SignedUrls(HERE)


def taken_apart(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    return parts.path, dict(parse_qsl(parts.query))


@given(
    key=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(lambda k: k[0] != "/")
)
def test_every_key_that_is_signed_is_let_through(check, key):
    assert check(*taken_apart(cdn.signed_url(key)))


def test_a_second_after_its_time_a_url_is_worthless(check, monkeypatch):
    monkeypatch.setattr(cdn, "VALID_FOR", timedelta(seconds=-1))

    assert not check(*taken_apart(cdn.signed_url(KEY)))


@pytest.mark.parametrize(
    "altered",
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
def test_altered_parameters_are_refused(check, altered):
    path, query = taken_apart(cdn.signed_url(KEY))

    assert check(path, query)
    assert not check(path, {**query, **altered})


@pytest.mark.parametrize("missing", ["Expires", "Signature", "Key-Pair-Id"])
def test_missing_parameters_are_refused(check, missing):
    path, query = taken_apart(cdn.signed_url(KEY))
    del query[missing]

    assert not check(path, query)


@pytest.mark.parametrize("altered", ["/artifacts/other.hart", "/artifacts/", "/elsewhere"])
def test_another_path_is_refused(check, altered):
    _, query = taken_apart(cdn.signed_url(KEY))

    assert not check(altered, query)


def test_a_path_that_means_the_same_but_is_written_otherwise_is_refused_as_the_distribution_would(check):
    path, query = taken_apart(cdn.signed_url("core/tool.hart"))

    assert not check(path.replace("tool", "t%6Fol"), query)


def test_without_a_signing_key_everything_is_refused():
    path, query = taken_apart(cdn.signed_url(KEY))

    assert not SignedUrls(replace(HERE, cdn_key_secret=""))(path, query)


def test_the_key_is_made_once(check):
    path, query = taken_apart(cdn.signed_url(KEY))
    distribution.ensure_signing_key(HERE)

    assert SignedUrls(HERE)(path, query)


def test_the_key_of_a_real_distribution_is_never_made_here():
    foreign = replace(HERE, cdn_key_id="K2JCJMDEHXQW5F", cdn_key_secret="real")
    distribution.ensure_signing_key(foreign)

    secrets = distribution.client("secretsmanager")
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="real")
