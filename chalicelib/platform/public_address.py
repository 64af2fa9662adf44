"""Requests to URLs from users, which may only reach addresses on the public internet (platform.md 2.2).

A host name is resolved once, all its addresses are checked, and the connection goes to a checked address. This prevents
DNS rebinding, because there is no second lookup. Redirects are never followed (outbound.py).
"""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from msgspec.structs import replace

from chalicelib.core.deferred import deferred
from chalicelib.platform.outbound import OutboundRequest, Unreachable

with deferred():
    import requests

Address = IPv4Address | IPv6Address

_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Metadata services of clouds whose addresses count as public (here Azure's); all others are link-local or private."""


class AddressRefused(Exception):
    """The URL is not https, or its host is not public."""


class UrlUnreadable(Exception):
    """The text is not a URL with a scheme and a host."""


def publicly(request: OutboundRequest) -> tuple[requests.Session, OutboundRequest]:
    """Open a session for a public https URL. It connects only to the checked address.

    Raises UrlUnreadable, AddressRefused, and Unreachable if the host name is unknown.
    """
    url = read_url(request.url)
    if url.scheme != "https" or url.username is not None or url.password is not None:
        raise AddressRefused
    host_name = str(url.hostname)
    address = _public_address(host_name, url.port or 443)
    host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    pinned = url._replace(netloc=host if url.port is None else f"{host}:{url.port}")
    headers = {**request.headers, "Host": url.netloc}
    return _pinned_session(host_name), replace(request, url=pinned.geturl(), headers=headers)


def read_url(text: str) -> SplitResult:
    """Return the parts of a URL that has a scheme and a host. Raises UrlUnreadable."""
    try:
        url = urlsplit(text)
        _ = url.port  # raises ValueError if the port is not a number
    except ValueError as problem:
        raise UrlUnreadable from problem
    if not url.scheme or not url.hostname or not text.isascii() or not text.isprintable() or " " in text:
        raise UrlUnreadable
    return url


def is_public(address: Address) -> bool:
    """Return whether an address is on the public internet. A 6to4 address is not, because it wraps an IPv4 address."""
    if isinstance(address, IPv6Address) and address.sixtofour is not None:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _METADATA


def _public_address(host_name: str, port: int) -> Address:
    """Return an address of a host. Raises AddressRefused unless all its addresses are public, and Unreachable."""
    try:
        entries = socket.getaddrinfo(host_name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise Unreachable from problem
    addresses = [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in entries]
    if not addresses or not all(map(is_public, addresses)):
        raise AddressRefused
    return addresses[0]


def _pinned_session(host_name: str) -> requests.Session:
    """Return a session that verifies the certificate for a host name at any address, and ignores proxy settings."""

    class PinnedAdapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
            super().init_poolmanager(*sizes, **options, server_hostname=host_name, assert_hostname=host_name)

    session = requests.Session()
    session.trust_env = False
    session.mount("https://", PinnedAdapter())
    return session
