"""Which Builder, token and origin a command uses, and that tokens stay out of sight."""

import pytest

from bldr import configuration
from bldr.address import Address
from bldr.configuration import side_credentials
from bldr.errors import AddressInvalid, ConfigurationUnreadable, IdentUnclear, NotConfigured
from bldr.wanted import Wanted, full_ident, host_target
from chalicelib.core.target import Target

SECRET = "_c2VjcmV0LXRva2Vu"


@pytest.fixture
def cli_toml(home):
    """hab's own file."""
    path = home / "fs/hab/etc/cli.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f'bldr_url = "https://file.example"\nauth_token = "{SECRET}"\norigin = "acme"\n')
    return path


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://host", "https://host/v1"),
        ("https://host/", "https://host/v1"),
        ("http://host:9636", "http://host:9636/v1"),
        ("https://host/api/v1", "https://host/api/v1"),
        ("https://host/api/", "https://host/api"),
        ("http://[::1]:80", "http://[::1]:80/v1"),
    ],
)
def test_an_address_is_read_as_hab_reads_it(text, base):
    assert str(Address.parse(text)) == base


@pytest.mark.parametrize("text", ["", "host", "ftp://host", "https://", "https://host:port", "https://h?x=1"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(AddressInvalid):
        Address.parse(text)


def test_a_password_in_an_address_is_refused_without_saying_it():
    with pytest.raises(AddressInvalid) as caught:
        Address.parse(f"https://me:{SECRET}@host")

    assert SECRET not in str(caught.value)


def test_segments_are_escaped_as_a_whole():
    assert Address("b").url(("a/b", "1.0+x~y%2"), {"q": "a b"}) == "b/a%2Fb/1.0%2Bx~y%252?q=a+b"


def test_options_win_over_the_environment_over_the_file(cli_toml, tmp_path, monkeypatch):
    token_file = tmp_path / "token"
    token_file.write_text("from-option\n")

    found = configuration.credentials(None, None)
    assert (str(found.address), found.token) == ("https://file.example/v1", SECRET)
    assert configuration.default_origin("this") == "acme"

    monkeypatch.setenv("HAB_BLDR_URL", "https://environment.example")
    monkeypatch.setenv("HAB_AUTH_TOKEN", "from-environment")
    found = configuration.credentials(None, None)
    assert (found.address.host, found.token) == ("environment.example", "from-environment")

    found = configuration.credentials("https://option.example", token_file)
    assert (found.address.host, found.token) == ("option.example", "from-option")


def test_the_file_of_the_user_is_found_as_well(home, monkeypatch):
    monkeypatch.delenv("FS_ROOT")
    path = home / ".hab/etc/cli.toml"
    path.parent.mkdir(parents=True)
    path.write_text('bldr_url = "https://mine.example"\n')

    assert configuration.credentials(None, None).address.host == "mine.example"


def test_without_a_builder_the_message_says_what_to_do(home):
    with pytest.raises(NotConfigured, match="HAB_BLDR_URL"):
        configuration.credentials(None, None)
    with pytest.raises(NotConfigured, match="HAB_ORIGIN"):
        configuration.default_origin("this")


@pytest.mark.parametrize("content", [f'auth_token = "{SECRET}', f"auth_token = {SECRET}", "bldr_url = 7", b"\xff\xfe"])
def test_an_unreadable_file_is_named_and_not_quoted(cli_toml, content):
    cli_toml.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigurationUnreadable, match=r"cli\.toml") as caught:
        configuration.credentials(None, None)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("token", ["with blank", "caf\u00e9", "line\nbreak"])
def test_a_token_that_fits_no_header_is_refused_without_saying_it(home, monkeypatch, token):
    monkeypatch.setenv("HAB_AUTH_TOKEN", token)

    with pytest.raises(ConfigurationUnreadable) as caught:
        configuration.credentials("https://host", None)
    assert token not in str(caught.value)


@pytest.mark.parametrize("said", ["soon", "0", "-1"])
def test_a_time_that_is_none_is_refused_by_its_name(home, monkeypatch, said):
    monkeypatch.setenv("HAB_CLIENT_SOCKET_TIMEOUT", said)

    with pytest.raises(ConfigurationUnreadable, match=f"HAB_CLIENT_SOCKET_TIMEOUT='{said}'"):
        configuration.answer_seconds()


def test_a_token_is_not_shown_with_its_credentials(cli_toml):
    assert SECRET not in repr(configuration.credentials(None, None))


def test_the_token_of_one_builder_is_sent_to_no_other(cli_toml, monkeypatch):
    assert side_credentials("to", "https://file.example/v1", None).token == SECRET
    assert side_credentials("to", "https://other.example", None).token is None

    monkeypatch.setenv("BLDR_TO_AUTH_TOKEN", "of-other")
    assert side_credentials("to", "https://other.example", None).token == "of-other"
    assert side_credentials("from", "https://other.example", None).token is None


@pytest.mark.parametrize("text", ["acme", "acme/", "acme/a/1/2/3", "Acme/a", "acme/a b", "acme//1"])
def test_what_is_no_ident_is_refused(text):
    with pytest.raises(IdentUnclear):
        Wanted.parse(text)


def test_a_partial_ident_is_no_full_one():
    assert str(Wanted.parse("acme/widget/1.0")) == "acme/widget/1.0"
    assert str(full_ident("acme/widget/1.0/2024", "it")) == "acme/widget/1.0/2024"
    with pytest.raises(IdentUnclear, match="promote takes origin/name/version/release"):
        full_ident("acme/widget/1.0", "promote")


@pytest.mark.parametrize(
    ("machine", "system", "target"),
    [
        ("x86_64", "Linux", Target.X86_64_LINUX),
        ("AMD64", "Windows", Target.X86_64_WINDOWS),
        ("arm64", "Darwin", Target.AARCH64_DARWIN),
        ("vax", "VMS", Target.X86_64_LINUX),
    ],
)
def test_the_target_of_this_machine(monkeypatch, machine, system, target):
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.system", lambda: system)

    assert host_target() is target
