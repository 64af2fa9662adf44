"""The CloudFront distribution in front of the service: how a request shows that it came through it.

The distribution adds a key to each request. The address of the function itself is public, so headers that only the
distribution sets are trusted only together with this key.
"""

from hmac import compare_digest

from chalicelib.platform.config import config
from chalicelib.platform.secret_settings import secret_setting

KEY_HEADER = "x-bldr-site-key"
ADDRESS_HEADER = "x-bldr-viewer-address"
"""Set by infra/edge/viewer_address.js."""


def sent(key: str | None) -> bool:
    """Return whether the distribution sent a request with this key. Raises SecretUnavailable."""
    if key is None or not config.site_key_secret:
        return False
    return compare_digest(key.encode(), secret_setting("", config.site_key_secret).encode())
