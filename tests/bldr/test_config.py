"""The configured Builder, token and origin."""

import codecs
import io
from pathlib import Path

import pytest

from bldr import config
from bldr.config import sync_credentials
from bldr.errors import ConfigInvalid, NotConfigured

SECRET = "_c2VjcmV0LXRva2Vu"


@pytest.fixture
def cli_toml(home: Path) -> Path:
    """A complete cli.toml of hab."""
    path = home / "fs/hab/etc/cli.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f'bldr_url = "https://file.example"\nauth_token = "{SECRET}"\norigin = "acme"\n')
    return path


@pytest.mark.usefixtures("cli_toml")
def test_options_win_over_the_environment_and_the_environment_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("from-option\n")

    from_file = config.credentials(None, None)
    assert (str(from_file.address), from_file.token) == ("https://file.example/v1", SECRET)
    assert config.default_origin("this") == "acme"

    monkeypatch.setenv("HAB_BLDR_URL", "https://environment.example")
    monkeypatch.setenv("HAB_AUTH_TOKEN", "from-environment")
    from_environment = config.credentials(None, None)
    assert (from_environment.address.host, from_environment.token) == ("environment.example", "from-environment")

    from_options = config.credentials("https://option.example", token_file)
    assert (from_options.address.host, from_options.token) == ("option.example", "from-option")


def test_cli_toml_is_also_read_from_the_home_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FS_ROOT")
    path = home / ".hab/etc/cli.toml"
    path.parent.mkdir(parents=True)
    path.write_text('bldr_url = "https://mine.example"\n')

    assert config.credentials(None, None).address.host == "mine.example"


def test_files_may_begin_with_a_byte_order_mark(cli_toml: Path, tmp_path: Path) -> None:
    cli_toml.write_bytes(codecs.BOM_UTF8 + cli_toml.read_bytes().replace(b"\n", b"\r\n"))
    token_file = tmp_path / "token"
    token_file.write_bytes(codecs.BOM_UTF8 + b"from-option\r\n")

    assert config.credentials(None, None).token == SECRET
    assert config.credentials(None, token_file).token == "from-option"


@pytest.mark.usefixtures("home")
def test_a_token_on_standard_input_may_begin_with_a_byte_order_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\ufefffrom-input\n"))

    assert config.credentials("https://host", config.STANDARD_INPUT).token == "from-input"


@pytest.mark.usefixtures("home")
def test_a_missing_setting_is_named_with_its_variable() -> None:
    with pytest.raises(NotConfigured, match="HAB_BLDR_URL"):
        config.credentials(None, None)
    with pytest.raises(NotConfigured, match="HAB_ORIGIN"):
        config.default_origin("this")


@pytest.mark.parametrize("content", [f'auth_token = "{SECRET}', f"auth_token = {SECRET}", "bldr_url = 7", b"\xff\xfe"])
def test_the_error_for_an_unreadable_file_names_it_and_does_not_quote_it(cli_toml: Path, content: str | bytes) -> None:
    cli_toml.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigInvalid, match=r"cli\.toml") as caught:
        config.credentials(None, None)
    assert SECRET not in str(caught.value)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("token", ["with blank", "caf\u00e9", "line\nbreak"])
def test_the_error_for_a_malformed_token_does_not_quote_it(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("HAB_AUTH_TOKEN", token)

    with pytest.raises(ConfigInvalid) as caught:
        config.credentials("https://host", None)
    assert token not in str(caught.value)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("text", ["soon", "0", "-1"])
def test_an_invalid_timeout_is_refused_with_its_variable(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HAB_CLIENT_SOCKET_TIMEOUT", text)

    with pytest.raises(ConfigInvalid, match=f"HAB_CLIENT_SOCKET_TIMEOUT='{text}'"):
        config.response_timeout()


@pytest.mark.usefixtures("cli_toml")
def test_credentials_do_not_show_the_token() -> None:
    credentials = config.credentials(None, None)

    assert SECRET not in repr(credentials) + str(credentials)


@pytest.mark.usefixtures("cli_toml")
def test_the_configured_token_is_only_sent_to_the_configured_builder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sync_credentials("to", "https://file.example/v1", None).token == SECRET
    assert sync_credentials("to", "https://other.example", None).token is None

    monkeypatch.setenv("BLDR_TO_AUTH_TOKEN", "of-other")
    assert sync_credentials("to", "https://other.example", None).token == "of-other"
    assert sync_credentials("from", "https://other.example", None).token is None
