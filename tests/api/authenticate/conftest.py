"""A double of the sign-in provider, and settings that point to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.accounts.sign_in import service
from chalicelib.identity import credentials
from chalicelib.platform.config import config
from tests.builders.http_double import HttpDouble, http_double

CLIENT_ID = "our id&x=1"
CLIENT_SECRET = "our+secret/ü"
REDIRECT_URL = "https://bldr.example.com/?a=b&c"


@pytest.fixture
def provider() -> Iterator[HttpDouble]:
    """The double of a provider, with the paths `/token` and `/user`."""
    with http_double() as double:
        yield double


@pytest.fixture
def configured(provider: HttpDouble, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Configure a kind of provider at the address of the double, and disable functional-test mode."""

    def configure(kind: str, **more: Any) -> None:
        settings = {
            "functional_test": False,
            "oauth_provider": kind,
            "oauth_client_id": CLIENT_ID,
            "oauth_client_secret": CLIENT_SECRET,
            "oauth_redirect_url": REDIRECT_URL,
            "oauth_token_url": f"{provider.url}/token",
            "oauth_userinfo_url": f"{provider.url}/user",
        }
        changed = replace(config, **settings | more)
        monkeypatch.setattr(service, "config", changed)
        monkeypatch.setattr(credentials, "config", changed)

    return configure
