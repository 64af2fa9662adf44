"""The base URL of a Builder's API, parsed as `hab` parses it (hab-observed.md, "Invoking it")."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

from bldr.errors import AddressInvalid


class Address(Struct, frozen=True):
    """The base URL of a Builder's API, without a slash at the end."""

    base: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Parse a URL; an empty path becomes `/v1`. Raises AddressInvalid, which does not quote credentials."""
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in ("http", "https"):
            raise AddressInvalid(
                f"'{text.rpartition('@')[2]}' is not the address of a Builder; write https://host[:port]"
            )
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise AddressInvalid(
                f"the address of {host} must not contain a user, query or fragment; pass the token separately"
            )
        netloc = f"[{host}]" if ":" in host else host
        return cls(f"{parts.scheme}://{netloc}{f':{port}' if port else ''}{parts.path.rstrip('/') or '/v1'}")

    def __str__(self) -> str:
        return self.base

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.base).netloc

    @property
    def is_local(self) -> bool:
        """Whether the Builder runs on this machine."""
        host = urlsplit(self.base).hostname or ""
        return host in ("localhost", "::1") or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None

    def url(self, segments: tuple[str, ...], query: Mapping[str, str]) -> str:
        """Return the URL of an operation. Slashes inside a segment are escaped."""
        path = "/".join(quote(segment, safe="") for segment in segments)
        return f"{self.base}/{path}{'?' if query else ''}{urlencode(query)}"
