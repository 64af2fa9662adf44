"""Calls to addresses that a user chose: to the public internet only, whatever a name resolves to (platform.md 2.2).

A name is resolved once, all its addresses are judged, and the connection goes to one that was judged, so a name server
that answers differently the second time gains nothing. Redirects are never followed (outbound.py).
"""

import ipaddress
import socket
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from chalicelib.platform.outbound import OutboundRequest, Unreachable

if TYPE_CHECKING:
    from requests import Session

Address = IPv4Address | IPv6Address

_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Services of a cloud for its own machines at addresses that count as public; all others are link-local or private."""


class AddressRefused(Exception):
    """The URL is not https, or leads to what is not public."""


class UrlUnreadable(Exception):
    """The text is no URL with a scheme and a host."""


def publicly(ask: OutboundRequest) -> "tuple[Session, OutboundRequest]":
    """The way to a public https address. Raises UrlUnreadable, AddressRefused, Unreachable for an unknown name."""
    url = read_url(ask.url)
    if url.scheme != "https" or url.username is not None or url.password is not None:
        raise AddressRefused
    host = str(url.hostname)
    address = _judged(host, url.port or 443)
    place = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    pinned = url._replace(netloc=place if url.port is None else f"{place}:{url.port}")
    named = {**ask.headers, "Host": url.netloc}
    return _pinned_session(host), replace(ask, url=pinned.geturl(), headers=named)


def read_url(text: str) -> SplitResult:
    """A URL of a host. Raises UrlUnreadable."""
    try:
        url = urlsplit(text)
        _ = url.port  # a port that is no number is found out here
    except ValueError as problem:
        raise UrlUnreadable from problem
    if not url.scheme or not url.hostname or not text.isascii() or not text.isprintable() or " " in text:
        raise UrlUnreadable
    return url


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet; a 6to4 address is not: it carries an IPv4 address inside."""
    if isinstance(address, IPv6Address) and address.sixtofour is not None:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _METADATA


def _judged(host: str, port: int) -> Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise Unreachable from problem
    addresses = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    if not addresses or not all(map(is_public, addresses)):
        raise AddressRefused
    return addresses[0]


def _pinned_session(host: str) -> "Session":
    """A session that expects the certificate of a name at whatever address it is sent to, and no proxy in between."""
    from requests import Session
    from requests.adapters import HTTPAdapter

    class Pinned(HTTPAdapter):
        def init_poolmanager(self, *sizes: Any, **more: Any) -> None:
            super().init_poolmanager(*sizes, **more, server_hostname=host, assert_hostname=host)

    session = Session()
    session.trust_env = False
    session.mount("https://", Pinned())
    return session
