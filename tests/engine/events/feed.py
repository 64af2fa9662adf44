"""Packages and events written directly to the table, and what callers see of them."""

from datetime import date

from chalicelib.catalog.events import event_rows, event_states
from chalicelib.catalog.package_rows import IdentRow, ident_key
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.standing import NOWHERE, Placement, Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.events import service
from chalicelib.events.service import EventFilter
from chalicelib.identity.caller import Caller
from chalicelib.platform.change import Change
from chalicelib.platform.table import read_many
from tests.builders.names import a_name

EVER = (date(2000, 1, 1), date(2999, 12, 31))
PUBLIC, PRIVATE = (
    Standing({Target.X86_64_LINUX: Placement(visibility, frozenset())})
    for visibility in (Visibility.PUBLIC, Visibility.PRIVATE)
)


class CallerDouble(Caller):
    """A caller that is proven already: an account, if any, and the origins of which it is a member."""

    def __init__(self, account: int | None = None, *origins: str) -> None:
        super().__init__(credential=None)
        self._session = None if account is None else Session(account, f"user{account}", SessionFlags(0))
        self.origins = frozenset(origins)


def an_ident(origin: str = "a", name: str = "tool") -> PackageIdent:
    """Return an ident that no other test has."""
    return PackageIdent(origin, name, "1", a_name("release"))


def change_standing(
    ident: PackageIdent, before: Standing, after: Standing, *, event: event_rows.EventRow | None = None
) -> None:
    """Write the row of an ident with what its events need, as a step does."""
    found = read_many(event_states.keys_before(ident))
    key = ident_key(ident)
    with Change() as change:
        if after.exists:
            change.put(IdentRow(key.pk, key.sk, standing=str(after), public=after.is_public, revision=1))
        else:
            change.delete(key)
        event_states.note(change, ident, before, after)
        if not before.exists:
            event_states.note_return(change, ident, found)
        if event is not None:
            change.add(event)


def promote(ident: PackageIdent, standing: Standing = PUBLIC, channel: str | None = None) -> str:
    """Write a package and its promotion. Returns the channel, which no other event has."""
    channel = channel or a_name("channel")
    by = Session(7, "user7", SessionFlags(0))
    event = event_rows.event(
        ChannelOperation.PROMOTE, ident, Target.X86_64_LINUX, channel, by, public=standing.is_public
    )
    change_standing(ident, NOWHERE, standing, event=event)
    return channel


def shown(channel: str, size: int = 50) -> list[str]:
    """Return the idents of the events of a channel that everyone sees, newest first. Their number is the total."""
    entries, total = service.page(EventFilter(*EVER, channel), 0, size, CallerDouble())
    assert total == len(entries)
    return [entry.ident for entry in entries]
