"""The list of events agrees with a plain list of events and packages, whatever happened and however often it folded."""

import os
from contextlib import suppress
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from chalicelib.catalog.events import event_folding, event_rows
from chalicelib.core.events import event_chunks
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.search.search_terms import Terms, tokens_of
from chalicelib.core.session import Session
from chalicelib.core.standing import NOWHERE, Placement, Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.events import service
from chalicelib.events.service import EventFilter
from chalicelib.identity.access import VisibleOrigins
from tests.engine.events.feed import CallerDouble, change_standing

HISTORIES = int(os.environ.get("EVENT_HISTORIES", "12"))
FIRST_DAY = date(2100, 1, 1)
DAYS = 10
CHANNELS = ("stable", "dev")
PEOPLE = (71, 72)
QUERIES = ("", "", "lib", "a", "big-tool", "tool b", "nothing")


class Interrupted(Exception):
    """The process that folds dies."""


CALLERS = (CallerDouble(None), CallerDouble(71), CallerDouble(72, "a"), CallerDouble(73, "a", "b"))


class History:
    """Operations on packages with few idents, and what they have done, as a plain list."""

    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.random = Random(seed)
        self.monkeypatch = monkeypatch
        self.day = FIRST_DAY + timedelta(days=DAYS * seed)
        self.suffix = f"r{seed}"
        self.events: list[tuple[str, str, str, str, int]] = []
        self.standings: dict[PackageIdent, Standing] = {}
        self.idents = [
            PackageIdent(origin, name, version, self.suffix)
            for origin in ("a", "b")
            for name in ("lib", "big-tool")
            for version in ("1", "2")
        ]

    def step(self) -> None:
        """Do something."""
        ident = self.random.choice(self.idents)
        standing = self.standings.get(ident, NOWHERE)
        if not standing.exists:
            self._change(ident, Standing({Target.X86_64_LINUX: Placement(self._visibility(), frozenset())}))
            return
        kind = self.random.random()
        if kind < 0.1:
            self._change(ident, NOWHERE)
        elif kind < 0.3:
            self._change(ident, standing.with_visibility(self._visibility(), tuple(Target)))
        elif kind < 0.4:
            second = Placement(self._visibility(), frozenset())
            self._change(ident, standing.with_placement(Target.X86_64_WINDOWS, second))
        elif kind < 0.45:
            self._change(ident, standing.without(Target.X86_64_LINUX))
        else:
            self._change(ident, standing, with_event=True)

    def fold(self) -> None:
        """Fold, sometimes in a process that dies."""
        with self.monkeypatch.context() as patched:
            if self.random.random() < 0.5:
                _interrupt(patched, self.random.choice(("put_many", "_replace_root", "delete_many")), self.random)
            with suppress(Interrupted):
                event_folding.fold()

    def expected(self, event_filter: EventFilter, caller: CallerDouble) -> list[tuple[str, str, str, str]]:
        """Return the time, the ident, the channel and the operation of the events that a caller sees, newest first."""
        first, last = f"{event_filter.first}", f"{event_filter.last + timedelta(days=1)}"
        seen = []
        for created_at, ident, channel, operation, by in self.events:
            parsed = PackageIdent.parse(ident)
            standing, terms = self.standings.get(parsed, NOWHERE), event_filter.terms
            is_own = caller.session is not None and caller.session.account_id == by
            visible = is_own if not standing.exists else standing.is_public or is_own or parsed.origin in caller.origins
            if (
                visible
                and first <= created_at < last
                and event_filter.channel in ("", channel)
                and (terms is None or (standing.exists and terms.match(tokens_of(parsed.origin, parsed.name))))
            ):
                seen.append((created_at, ident, channel, operation))
        return sorted(seen, reverse=True)

    def check(self) -> None:
        """Compare a page for a random caller and filter."""
        days = sorted(self.random.randrange(DAYS) for _ in range(2))
        first, last = (self.day + timedelta(days=number) for number in days)
        query = self.random.choice(QUERIES)
        event_filter = EventFilter(
            first, last, self.random.choice(("", *CHANNELS)), Terms.parse(query) if query else None
        )
        caller = self.random.choice(CALLERS)
        offset, size = self.random.choice((0, 0, 3, 10)), self.random.choice((4, 50))

        entries, total = service.page(event_filter, offset, size, caller)

        expected = self.expected(event_filter, caller)
        shown = [(entry.created_at, entry.ident, entry.channel, entry.operation) for entry in entries]
        assert (total, shown) == (len(expected), expected[offset : offset + size])

    def _visibility(self) -> Visibility:
        return self.random.choice((Visibility.PUBLIC, Visibility.PUBLIC, Visibility.PRIVATE, Visibility.HIDDEN))

    def _change(self, ident: PackageIdent, after: Standing, with_event: bool = False) -> None:
        before = self.standings.get(ident, NOWHERE)
        event = self._event(ident, after) if with_event else None
        change_standing(ident, before, after, event=event)
        self.standings[ident] = after

    def _event(self, ident: PackageIdent, after: Standing) -> event_rows.EventRow:
        hours, tick = self.random.randrange(24 * DAYS), len(self.events)
        created_at = f"{self.day + timedelta(days=hours // 24)}T{hours % 24:02}:00:00.{tick:06}"
        channel, by = self.random.choice(CHANNELS), self.random.choice(PEOPLE)
        operation = self.random.choice(tuple(ChannelOperation))
        session = Session(by, f"user{by}", SessionFlags(0))
        with self.monkeypatch.context() as clock:
            clock.setattr(event_rows, "timestamp", lambda _: created_at)
            event = event_rows.event(operation, ident, Target.X86_64_LINUX, channel, session, public=after.is_public)
        self.events.append((created_at, str(ident), channel, str(operation), by))
        return event


def _interrupt(patched: pytest.MonkeyPatch, name: str, random: Random) -> None:
    """Let a fold die before or after one of its writes."""
    write, dies_before = getattr(event_folding, name), random.random() < 0.5

    def dying(*arguments: Any) -> None:
        if not dies_before:
            write(*arguments)
        raise Interrupted

    patched.setattr(event_folding, name, dying)


@pytest.fixture(autouse=True)
def _small_parts(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, chunks and segments of few events, and callers with the origins of their class."""
    monkeypatch.setattr(event_chunks, "PAGE", 3)
    monkeypatch.setattr(event_chunks, "CHUNK", 7)
    monkeypatch.setattr(event_folding, "SEGMENT", 2)
    monkeypatch.setattr(event_folding, "MOST_EVENTS", 5)
    monkeypatch.setattr(VisibleOrigins, "of", lambda caller: VisibleOrigins(caller.origins))


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_random_histories(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(seed, monkeypatch)
    for _ in range(60):
        history.step()
        if history.random.random() < 0.2:
            history.fold()
        if history.random.random() < 0.5:
            history.check()
    history.fold()
    for _ in range(10):
        history.check()
