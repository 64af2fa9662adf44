"""The boxes of integration bodies (accounts.md 7.5)."""

import pytest

from chalicelib.core.strict_base64 import encoded
from chalicelib.core.tokens import access_token
from chalicelib.core.tokens.access_token import AccessTokenClaims, TokenUnreadable
from chalicelib.origins.integrations.service import PURPOSE
from tests.builders.keys import a_key_ring


def test_the_box_of_an_integration_is_never_an_access_token() -> None:
    """Both are boxes of the builder key. Without the prefix, this body would give a token of the build service."""
    keys = a_key_ring()
    message = access_token._message(AccessTokenClaims(account_id=0, flags=7))

    def as_token(box: str) -> str:
        return "_" + encoded(box.encode())

    assert access_token.read(as_token(keys.seal(message)), keys).account_id == 0
    with pytest.raises(TokenUnreadable):
        access_token.read(as_token(keys.seal(PURPOSE + message)), keys)
