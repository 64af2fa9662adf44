"""The first account of an installation (accounts.md section 10)."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from chalicelib.catalog.origin_rows import OriginRow, origin_key
from chalicelib.channels import service as channels
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import identify
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import provisioning
from chalicelib.origins import service as origins
from chalicelib.platform.config import Config, config
from chalicelib.platform.table import read
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Config:
    """Settings that provision an account, origins and channels with fresh names."""
    changed = replace(
        config,
        provision_account=True,
        provision_username=a_name("platform"),
        provision_email="platform@example.com",
        provision_origins=(a_name("origin"), a_name("origin"), a_name("origin")),
        provision_channels=("stable", "one", "unstable", "two"),
        provision_token_path=str(tmp_path),
    )
    monkeypatch.setattr(provisioning, "config", changed)
    return changed


def provision() -> Path:
    file = provisioning.provision()
    assert file is not None
    return file


def origin_row(name: str) -> OriginRow:
    row = read(origin_key(name))
    assert row is not None
    return row


def test_account_origins_channels_and_token_are_created(settings: Config) -> None:
    file = provision()

    account_id = find_or_create(settings.provision_username, "")
    account = read(account_rows.account_key(account_id))
    assert account is not None
    assert account.email == "platform@example.com"
    for origin in settings.provision_origins:
        row = origin_row(origin)
        assert (row.owner_id, row.default_package_visibility) == (account_id, "public")
    assert [channels.names(origin, sandbox=True) for origin in settings.provision_origins] == [
        ["one", "stable", "unstable"],
        ["stable", "two", "unstable"],
        ["stable", "unstable"],
    ]
    session = identify(f"Bearer {file.read_text()}").require_session()
    assert (session.account_id, session.flags) == (account_id, SessionFlags(7))


@pytest.mark.usefixtures("settings")
def test_the_token_passes_every_role_check_and_only_the_files_owner_can_read_it() -> None:
    file = provision()
    other_origin = a_name("origin")

    caller = identify(f"Bearer {file.read_text()}", origin=other_origin)

    assert caller.role_in(other_origin) is Role.OWNER
    assert file.name == "HAB_AUTH_TOKEN"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("settings")
def test_a_second_run_keeps_the_token_and_writes_its_file_again() -> None:
    file = provision()
    token = file.read_text()
    file.unlink()

    assert provision().read_text() == token


def test_an_existing_origin_keeps_its_owner_and_gets_its_channel(settings: Config) -> None:
    other_account = Session(find_or_create(a_name("user"), ""), "someone", SessionFlags(0))
    existing = settings.provision_origins[1]
    origins.create(existing, Visibility.PRIVATE, by=other_account)

    provision()

    assert origin_row(existing).owner_id == other_account.account_id
    assert "two" in channels.names(existing, sandbox=True)


def test_nothing_is_created_unless_provisioning_is_switched_on(
    settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.provision_account is False
    monkeypatch.setattr(provisioning, "config", replace(settings, provision_account=False))

    assert provisioning.provision() is None
    assert read(account_rows.name_key(settings.provision_username)) is None


def test_the_default_names_are_those_of_the_contract() -> None:
    assert (config.provision_username, config.provision_email) == ("chef-platform", "chef-platform@progress.com")
    assert (config.provision_origins, config.provision_channels) == (("core",), ())
