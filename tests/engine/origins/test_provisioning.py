"""The first account of an installation (accounts.md section 10)."""

import pytest
from msgspec.structs import replace

from chalicelib.catalog.origin_rows import origin_key
from chalicelib.channels import service as channels
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import identify
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import provisioning
from chalicelib.origins import service as origins
from chalicelib.origins.provisioning import provision
from chalicelib.platform.config import config
from chalicelib.platform.table import read
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def wanted(monkeypatch, tmp_path):
    """Settings for an account of the test's own."""
    used = replace(
        config,
        provision_account=True,
        provision_username=a_name("platform"),
        provision_email="platform@example.com",
        provision_origins=(a_name("origin"), a_name("origin"), a_name("origin")),
        provision_channels=("stable", "one", "unstable", "two"),
        provision_token_path=str(tmp_path),
    )
    monkeypatch.setattr(provisioning, "config", used)
    return used


def test_account_origins_channels_and_token_are_made(wanted):
    file = provision()

    account_id = find_or_create(wanted.provision_username, "")
    assert read(account_rows.account_key(account_id)).email == "platform@example.com"
    for origin in wanted.provision_origins:
        row = read(origin_key(origin))
        assert (row.owner_id, row.default_package_visibility) == (account_id, "public")
    assert [channels.names(origin, sandbox=True) for origin in wanted.provision_origins] == [
        ["one", "stable", "unstable"],
        ["stable", "two", "unstable"],
        ["stable", "unstable"],
    ]
    session = identify(f"Bearer {file.read_text()}").require_session()
    assert (session.account_id, session.flags) == (account_id, SessionFlags(7))


def test_the_token_passes_every_role_check_and_only_its_owner_reads_it(wanted):
    file = provision()
    elsewhere = a_name("origin")

    caller = identify(f"Bearer {file.read_text()}", origin=elsewhere)

    assert caller.role_in(elsewhere) is Role.OWNER
    assert file.name == "HAB_AUTH_TOKEN"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_repeat_changes_nothing_and_finishes_what_was_interrupted(wanted):
    file = provision()
    token = file.read_text()
    file.unlink()

    assert provision().read_text() == token


def test_what_exists_is_skipped_and_keeps_its_owner(wanted):
    somebody = Session(find_or_create(a_name("user"), ""), "somebody", SessionFlags(0))
    taken = wanted.provision_origins[1]
    origins.create(taken, Visibility.PRIVATE, by=somebody)

    provision()

    assert read(origin_key(taken)).owner_id == somebody.account_id
    assert "two" in channels.names(taken, sandbox=True)


def test_it_is_off_unless_asked_for(wanted, monkeypatch):
    assert config.provision_account is False
    monkeypatch.setattr(provisioning, "config", replace(wanted, provision_account=False))

    assert provision() is None
    assert read(account_rows.name_key(wanted.provision_username)) is None


def test_the_names_are_those_of_the_contract():
    assert (config.provision_username, config.provision_email) == ("chef-platform", "chef-platform@progress.com")
    assert (config.provision_origins, config.provision_channels) == (("core",), ())
