"""Public addresses, and connections to the checked address only (platform.md 2.2)."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.platform import public_address
from chalicelib.platform.outbound import OutboundRequest, Unreachable, send
from chalicelib.platform.public_address import Address, AddressRefused, UrlUnreadable, is_public, publicly, read_url

NAME = "registry.example.com"
INTERNAL = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
INTERNAL_V6 = [
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]


def within(networks: Sequence[str]) -> st.SearchStrategy[Address]:
    return st.sampled_from(networks).flatmap(lambda network: st.ip_addresses(network=network))


@given(within(INTERNAL))
def test_internal_ipv4_addresses_are_not_public_even_inside_ipv6_addresses(address: Address) -> None:
    number = int(address)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | number)
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)

    assert not any(map(is_public, (address, mapped, nat64, six_to_four)))


@given(st.ip_addresses(v=4))
def test_ipv6_addresses_that_contain_an_ipv4_address_are_not_public(address: Address) -> None:
    number = int(address)
    prefixes = (number, (0xFFFF << 32) | number, (0x64FF9B << 96) | number, (0x2002 << 112) | (number << 80))
    teredo = (0x20010000 << 96) | (number ^ 0xFFFFFFFF)

    assert not any(is_public(ipaddress.IPv6Address(value)) for value in (*prefixes, teredo))


@given(within(INTERNAL_V6))
def test_internal_ipv6_addresses_are_not_public(address: Address) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "44.197.126.255", "2606:4700:4700::1111", "2a00:1450::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_the_metadata_service_of_azure_is_not_public() -> None:
    assert not is_public(ipaddress.ip_address("168.63.129.16"))


@pytest.mark.parametrize(
    "text", ["", "example.com", "https://", "https://a b/", "https://a:port/", "https://ä/", "//a"]
)
def test_a_text_without_a_scheme_and_a_valid_host_is_not_a_url(text: str) -> None:
    with pytest.raises(UrlUnreadable):
        read_url(text)


@pytest.mark.parametrize("url", ["http://1.1.1.1/", "https://user@1.1.1.1/", "https://user:word@1.1.1.1/"])
def test_urls_without_tls_and_with_credentials_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        publicly(OutboundRequest("GET", url, {}))


@pytest.mark.parametrize("port", [0, 22, 25, 80, 444, 5000, 6379, 8443, 65535])
def test_other_ports_than_that_of_https_are_refused_before_the_name_is_resolved(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.platform.public_address.socket.getaddrinfo", None)

    with pytest.raises(AddressRefused):
        publicly(OutboundRequest("GET", f"https://1.1.1.1:{port}/", {}))


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "017700000001", "0", "[::ffff:127.0.0.1]"])
def test_other_spellings_of_an_internal_address_are_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        publicly(OutboundRequest("GET", f"https://{host}/", {}))


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_port_of_https_is_allowed(port: str) -> None:
    _, request = publicly(OutboundRequest("GET", f"https://1.1.1.1{port}/x", {}))

    assert request.url == f"https://1.1.1.1{port}/x"


class Registry(HTTPServer):
    """An https server on this machine whose certificate is for NAME. It records paths, hosts and server names."""

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.certificate = certificate
        self.requests: list[tuple[str, str | None]] = []
        self.server_names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = self._record_name
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def _record_name(self, _socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        self.server_names.append(name)


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["Host"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def a_certificate() -> bytes:
    """Return a self-signed certificate for NAME with its private key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begins = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=365 * 100))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate.public_bytes(pem)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A running registry."""
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(a_certificate())
    server = Registry(file)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def resolved(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry, with its certificate trusted, and a name server that resolves its name only once."""
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", registry.server_port))]]
    getaddrinfo = socket.getaddrinfo

    def resolve(host: str, *arguments: Any, **options: Any) -> Any:
        return answers.pop() if "example" in host else getaddrinfo(host, *arguments, **options)

    monkeypatch.setattr("chalicelib.platform.public_address.socket.getaddrinfo", resolve)
    monkeypatch.setattr(public_address, "is_public", lambda _: True)
    monkeypatch.setattr(public_address, "PORTS", {registry.server_port})
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(registry.certificate))
    return registry


def get(url: str) -> int:
    """Return the status of a GET to a public address."""
    return send(OutboundRequest("GET", url, {}), 5, publicly).status


def test_the_connection_goes_to_the_checked_address_and_expects_the_name(resolved: Registry) -> None:
    assert get(f"https://{NAME}:{resolved.server_port}/v2/x") == 204
    assert resolved.requests[-1] == ("/v2/x", f"{NAME}:{resolved.server_port}")
    assert resolved.server_names[-1] == NAME


def test_a_certificate_for_another_name_is_refused(resolved: Registry) -> None:
    with pytest.raises(Unreachable):
        get(f"https://other.example.com:{resolved.server_port}/")


def test_an_untrusted_certificate_is_refused(resolved: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(public_address, "is_public", lambda _: True)
    monkeypatch.setattr(public_address, "PORTS", {resolved.server_port})

    with pytest.raises(Unreachable):
        get(f"https://127.0.0.1:{resolved.server_port}/")


def test_proxies_of_the_environment_are_ignored(resolved: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    assert get(f"https://{NAME}:{resolved.server_port}/") == 204


def test_a_private_address_receives_no_request(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_address, "PORTS", {registry.server_port})
    before = len(registry.requests)

    with pytest.raises(AddressRefused):
        get(f"https://127.0.0.1:{registry.server_port}/")
    assert len(registry.requests) == before
