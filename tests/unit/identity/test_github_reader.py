"""Private repositories are read for the account at GitHub, where accounts are those of GitHub."""

from typing import Any

import pytest

from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import BUILDER_ID, Session
from chalicelib.identity import github_reader
from tests.builders.settings import change_settings

CHECKED = {"github_check_access": True, "oauth_provider": "github", "functional_test": False}


def test_an_account_of_github_reads_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    change_settings(monkeypatch, (github_reader,), **CHECKED)

    assert github_reader.reader_of(Session(17, "someone", SessionFlags(0))) == "someone"


@pytest.mark.parametrize(
    ("account_id", "flags"), [(BUILDER_ID, SessionFlags(0)), (17, SessionFlags.BUILD_WORKER)], ids=["id", "flag"]
)
def test_the_build_service_reads_for_no_account(
    monkeypatch: pytest.MonkeyPatch, account_id: int, flags: SessionFlags
) -> None:
    change_settings(monkeypatch, (github_reader,), **CHECKED)

    assert github_reader.reader_of(Session(account_id, "BUILDER", flags)) is None


@pytest.mark.parametrize(
    "setting", [{"github_check_access": False}, {"oauth_provider": "gitlab"}, {"functional_test": True}], ids=str
)
def test_access_is_not_checked_where_nothing_is_known_of_the_account(
    monkeypatch: pytest.MonkeyPatch, setting: dict[str, Any]
) -> None:
    change_settings(monkeypatch, (github_reader,), **{**CHECKED, **setting})

    assert github_reader.reader_of(Session(17, "someone", SessionFlags(0))) is None
