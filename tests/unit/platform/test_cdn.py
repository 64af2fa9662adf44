"""Signed URLs of the distribution (platform.md 4.3)."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

from chalicelib.platform import cdn
from chalicelib.platform.config import config

KEY = rsa.generate_private_key(65537, 2048)
OBJECT = "acme/tool/1.0+b~1/20240101000000/acme-tool.hart"


@pytest.fixture(autouse=True)
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The secrets that are read."""
    names: list[str] = []

    def secret_text(name: str) -> str:
        names.append(name)
        return KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    settings = replace(config, cdn_url="https://cdn.example/artifacts/", cdn_key_id="K1", cdn_key_secret="cdn-key")
    monkeypatch.setattr(cdn, "config", settings)
    monkeypatch.setattr(cdn, "secret_text", secret_text)
    cdn._private_key.cache_clear()
    yield names
    cdn._private_key.cache_clear()


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_the_url_names_the_object_below_the_distribution() -> None:
    url = cdn.signed_url(OBJECT)

    assert url.partition("?")[0] == "https://cdn.example/artifacts/" + OBJECT.replace("+", "%2B")
    assert query_of(url).keys() == {"Expires", "Signature", "Key-Pair-Id"}
    assert query_of(url)["Key-Pair-Id"] == "K1"


def test_the_signature_is_of_the_url_and_its_expiry() -> None:
    url = cdn.signed_url(OBJECT)
    query = query_of(url)
    condition = {"DateLessThan": {"AWS:EpochTime": int(query["Expires"])}}
    policy = {"Statement": [{"Resource": url.partition("?")[0], "Condition": condition}]}
    signature = base64.b64decode(query["Signature"].translate(str.maketrans("-_~", "+=/")))

    signed = json.dumps(policy, separators=(",", ":")).encode()
    KEY.public_key().verify(signature, signed, padding.PKCS1v15(), SHA1())


def test_the_signing_key_is_read_once(reads: list[str]) -> None:
    cdn.signed_url(OBJECT)
    cdn.signed_url(OBJECT)

    assert reads == ["cdn-key"]
