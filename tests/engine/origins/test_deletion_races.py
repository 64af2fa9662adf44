"""The deletion of an origin meets the creation of something in it; only one of the two succeeds (accounts.md 8.4)."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from chalicelib.catalog.channel_rows import ChannelRow, channel_key
from chalicelib.catalog.errors import STATUS as CATALOG_ERRORS
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.channels import service as channels
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.identity.credentials import Credential
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import deletion
from chalicelib.origins import service as origins
from chalicelib.origins.errors import STATUS as ORIGIN_ERRORS
from chalicelib.origins.errors import OriginNotEmpty
from chalicelib.origins.integrations import service as integrations
from chalicelib.origins.invitations import service as invitations
from chalicelib.origins.keys import service as keys
from chalicelib.origins.secrets import service as secrets
from chalicelib.packages.settings import service as settings
from chalicelib.platform.row import Row
from chalicelib.platform.table import read, rows
from chalicelib.projects import service as projects
from chalicelib.projects.sources import Location
from tests.builders.histories import Histories
from tests.builders.keys import a_sealed_value
from tests.builders.names import a_name

A_PROJECT = projects.ProjectRequest(Location("plan.sh"), "x86_64-linux", False)
SEEDS = 25
REFUSALS = (*CATALOG_ERRORS, *ORIGIN_ERRORS)


def an_owner() -> Session:
    name = a_name("user")
    return Session(find_or_create(name, ""), name, SessionFlags(0))


def a_caller(session: Session, origin: str) -> Caller:
    return Caller(Credential(session.account_id, key=None, name=session.name), origin)


def an_invited_account(origin: str, owner: Session) -> Callable[[], None]:
    guest = an_owner()
    invitation = invitations.send(origin, guest.name, owner)
    return lambda: invitations.accept(origin, int(invitation.id), a_caller(guest, origin))


def a_secret(origin: str, owner: Session) -> Callable[[], None]:
    value = a_sealed_value("1234", keys.encryption_key(origin, a_caller(owner, origin)).text)
    return lambda: secrets.put(origin, "token", value, owner)


CREATIONS: dict[str, Callable[[str, Session], Callable[[], object]]] = {
    "channel": lambda origin, owner: lambda: channels.create(origin, "test", owner),
    "integration": lambda origin, owner: lambda: integrations.put(origin, "docker", "main", b"{}", owner),
    "settings": lambda origin, owner: lambda: settings.create(origin, "tool", owner),
    "project": lambda origin, owner: lambda: projects.create(origin, "", A_PROJECT, owner),
    "secret": a_secret,
    "member": an_invited_account,
}


def race(running: Histories, seed: int, requests: dict[str, Callable[[], object]]) -> set[str]:
    """Run requests concurrently and return the names of those that succeeded."""
    succeeded: set[str] = set()

    def send(name: str) -> None:
        with suppress(*REFUSALS):
            requests[name]()
            succeeded.add(name)

    running.run(random.Random(seed), [partial(send, name) for name in requests], after_each_call=lambda: None)
    return succeeded


@pytest.mark.parametrize("kind", CREATIONS)
def test_the_deletion_of_an_origin_never_deletes_what_was_just_created(engine_histories: Histories, kind: str) -> None:
    outcomes = set()
    for seed in range(SEEDS):
        origin, owner = a_name("origin"), an_owner()
        origins.create(origin, Visibility.PUBLIC, owner)
        requests: dict[str, Callable[[], object]] = {
            "create": CREATIONS[kind](origin, owner),
            "delete": partial(deletion.delete, origin, owner),
        }

        succeeded = race(engine_histories, seed, requests)

        is_there = read(origin_key(origin)) is not None
        assert is_there == ("delete" not in succeeded)
        # accepting an invitation to an origin that does not exist succeeds and does nothing
        assert len(succeeded) == 1 or kind == "member"
        outcomes.add(is_there)
    assert outcomes == {True, False}


def test_a_channel_created_after_the_channels_were_counted_keeps_the_origin(
    engine_histories: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, owner = a_name("origin"), an_owner()
    origins.create(origin, Visibility.PUBLIC, owner)

    def list_then_create(kind: type[Row], partition: str, **options: Any) -> list[Row]:
        found = list(rows(kind, partition, **options))
        if kind is ChannelRow and len(found) == 2:
            channels.create(origin, "test", owner)
        return found

    monkeypatch.setattr("chalicelib.origins.deletion.rows", list_then_create)

    with pytest.raises(OriginNotEmpty, match="There are 3 channels"):
        deletion.delete(origin, owner)
    assert read(channel_key(origin, "test")) is not None
