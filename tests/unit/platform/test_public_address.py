"""What counts as public, and that a connection goes to the address that was judged (platform.md 2.2)."""

import datetime
import ipaddress
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.platform import public_address
from chalicelib.platform.outbound import OutboundRequest, Unreachable, send
from chalicelib.platform.public_address import AddressRefused, is_public, publicly

NAME = "registry.example.com"
INTERNAL = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
]


def _within(networks):
    return st.sampled_from(networks).flatmap(lambda network: st.ip_addresses(network=network))


@given(_within(INTERNAL))
def test_no_internal_address_is_public_however_it_is_wrapped(address: Address) -> None:
    number = int(address)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | number)
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)

    assert not any(map(is_public, (address, mapped, nat64, six_to_four)))


@given(_within(["::/127", "fc00::/7", "fe80::/10", "ff00::/8", "2001:db8::/32"]))
def test_no_internal_address_of_the_sixth_version_is_public(address: Address) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "44.197.126.255", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_public(address: Address) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_the_wire_server_of_azure_is_not_public() -> None:
    assert not is_public(ipaddress.ip_address("168.63.129.16"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """An https server on this machine whose certificate is for another name than its address."""
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
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    server.asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.names = []
    context.sni_callback = lambda _socket, name, _context: server.names.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.file = str(file)
    yield server
    server.shutdown()
    server.server_close()


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Host"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def here(registry, monkeypatch):
    """A name server that says 127.0.0.1 once and nothing afterwards, and trust in the registry's certificate."""
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", registry.server_port))]]
    real = socket.getaddrinfo

    def resolve(host, *more, **named):
        return answers.pop() if "example" in host else real(host, *more, **named)

    monkeypatch.setattr(public_address.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(public_address, "is_public", lambda _: True)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", registry.file)
    return registry


def test_the_connection_goes_to_the_judged_address_and_expects_the_name(here) -> None:
    told = send(OutboundRequest("GET", f"https://{NAME}:{here.server_port}/v2/x", {}), 5, publicly)

    assert told.status == 204
    assert here.asked[-1] == ("/v2/x", f"{NAME}:{here.server_port}")
    assert here.names[-1] == NAME


def test_a_certificate_for_another_name_is_no_answer(here) -> None:
    with pytest.raises(Unreachable):
        send(OutboundRequest("GET", f"https://other.example.com:{here.server_port}/", {}), 5, publicly)


def test_a_certificate_that_nobody_vouches_for_is_no_answer(here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(public_address, "is_public", lambda _: True)

    with pytest.raises(Unreachable):
        send(OutboundRequest("GET", f"https://127.0.0.1:{here.server_port}/", {}), 5, publicly)


def test_no_proxy_of_the_environment_stands_in_between(here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    assert send(OutboundRequest("GET", f"https://{NAME}:{here.server_port}/", {}), 5, publicly).status == 204


def test_a_private_address_is_not_asked(registry) -> None:
    before = len(registry.asked)

    with pytest.raises(AddressRefused):
        send(OutboundRequest("GET", f"https://127.0.0.1:{registry.server_port}/", {}), 5, publicly)
    assert len(registry.asked) == before
