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

PORTS = frozenset({443})
"""Other ports are refused: a public address may have a mail server, a database or an administration interface there."""

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All IPv6 addresses that IANA assigns to the internet (https://www.iana.org/assignments/ipv6-address-space).

Outside of it are the loopback and unspecified addresses, IPv4-compatible (`::/96`), IPv4-mapped and NAT64 addresses
(`64:ff9b::/96`), and the unique local, link-local, site-local (`fec0::/10`) and multicast addresses.
"""

_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            # https://www.iana.org/assignments/iana-ipv4-special-registry
            "0.0.0.0/8",  # "this network"
            "10.0.0.0/8",  # private use
            "100.64.0.0/10",  # carrier-grade NAT, also metadata of Alibaba Cloud
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, with the metadata services of AWS and others
            "172.16.0.0/12",  # private use
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # automatic multicast tunneling
            "192.88.99.0/24",  # relays of 6to4, deprecated
            "192.168.0.0/16",  # private use
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and limited broadcast
            # https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it is global unicast
            "2001::/23",  # protocol assignments, with Teredo, benchmarks and ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which contains an IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
            # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
            "168.63.129.16/32",  # metadata service of Azure
        ),
    )
)


class AddressRefused(Exception):
    """The URL is not https, its port is not allowed, or its host is not public."""


class UrlUnreadable(Exception):
    """The text is not a URL with a scheme and a host."""


def publicly(request: OutboundRequest) -> tuple[requests.Session, OutboundRequest]:
    """Open a session for a public https URL. It connects only to the checked address.

    Raises UrlUnreadable, AddressRefused, and Unreachable if the host name is unknown.
    """
    url = read_url(request.url)
    if url.scheme != "https" or url.username is not None or url.password is not None:
        raise AddressRefused
    if url.port is not None and url.port not in PORTS:
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
    """Return whether an address is on the public internet. An IPv6 address that contains an IPv4 address is not."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not any(address in network for network in _SPECIAL)


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
