"""A Builder's address, as `hab` reads it (hab-observed.md, "Invoking it")."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from bldr.errors import AddressInvalid


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API of a Builder is; `str()` is its base URL without a slash at the end."""

    base: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        """An empty path becomes `/v1`, any other is kept. Raises AddressInvalid, which does not quote credentials."""
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in ("http", "https"):
            raise AddressInvalid(f"'{text.rpartition('@')[2]}' is no address of a Builder; write https://host[:port]")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise AddressInvalid(f"the address of {host} must hold no user, query or fragment; tokens are given apart")
        place = f"[{host}]" if ":" in host else host
        return cls(f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path.rstrip('/') or '/v1'}")

    def __str__(self) -> str:
        return self.base

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.base).netloc

    def url(self, segments: tuple[str, ...], query: Mapping[str, str]) -> str:
        """The URL of an operation; each segment is escaped as a whole."""
        path = "/".join(quote(segment, safe="") for segment in segments)
        return f"{self.base}/{path}{'?' if query else ''}{urlencode(query)}"
