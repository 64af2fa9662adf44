"""Folds of the inbox of events into the index (docs/ARCHITECTURE.md, "The index of events").

A fold writes new rows of the index, then the root that names them, and then deletes what it took from the inbox. It
may be interrupted anywhere, and several may run at once: the root is written on condition that no other fold has
written it meanwhile. Until then readers see the old index and the inbox. An event that is still in the inbox although
the index has it is not added again, because events are compared by time and ident.
"""

import time
import zlib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct, field

from chalicelib.catalog.events import event_index, event_rows, event_states
from chalicelib.catalog.events.event_index import (
    DICTIONARY,
    HASHES,
    NAMES,
    PAGES,
    EventIndexRow,
    EventRootRow,
    Head,
    Replaced,
    Root,
    Segment,
)
from chalicelib.catalog.events.event_rows import Inbox
from chalicelib.core.events.event_chunks import Arrival, Chunk, NewPage, Page, page_for
from chalicelib.core.events.event_columns import StoredPage
from chalicelib.core.events.event_entries import PackageState, packed
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Stale, update_if
from chalicelib.platform.clock import new_id
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, put_many, read

MOST_EVENTS, MOST_STATES = 2_000, 1_000
"""Events and changed idents that one fold takes. It reads the rows of a hundred changed idents with one call."""

SEGMENT = 1_750
"""Names of a segment of the dictionary, about 8 KB."""


def fold() -> int:
    """Take rows of the inbox into the index. Returns the number of events taken, 0 if another fold was faster.

    Raises StoreUnavailable.
    """
    inbox = event_rows.inbox()
    if inbox.states:
        # Events that were recorded before these changes of state must be among those that the fold takes.
        later = event_rows.inbox()
        inbox = Inbox(later.events, inbox.states, later.shards, later.complete)
    if not inbox.events and not inbox.states:
        return 0
    row = read(event_index.root_key())
    root = Root.unpacked(row)
    states = event_states.states_of(list(dict.fromkeys(row.ident for row in inbox.states))[:MOST_STATES])
    folded = set(root.folded)
    fresh = [event for event in inbox.events if event.sk not in folded][:MOST_EVENTS]
    taken = [event for event in inbox.events if event.sk in folded] + fresh
    if fresh or states:
        # Also without a change of the index, a new root stops folds that have read older rows of these idents.
        edit = _Edit(root)
        try:
            edit.apply([(event.entry, states.get(event.ident, event.state)) for event in fresh], states)
        except Stale:
            return 0
        if not edit.commit(row, [event.sk for event in taken]):
            return 0
    has_all = inbox.complete and len(taken) == len(inbox.events)
    settled = [each for each in inbox.states if has_all and each.ident in states]
    delete_many([*(Key(type(each), each.pk, each.sk) for each in [*taken, *settled])])
    return len(fresh)


def add(arrivals: Sequence[Arrival]) -> int:
    """Add events to the index that were never in the inbox, for a generated depot. Returns the number of rows written.

    Raises Stale if another fold was faster.
    """
    row = read(event_index.root_key())
    root = Root.unpacked(row)
    edit = _Edit(root)
    edit.apply(arrivals, {})
    if not edit.commit(row, root.folded):
        raise Stale
    return len(edit.put) + 1


class _Dictionary(Struct):
    """The numbers of names, with those that the fold adds."""

    numbers: dict[str, int]
    names: list[str]

    def number_of(self, name: str) -> int:
        """Return the number of a name, a new one if it has none."""
        number = self.numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number


class _Edit(Struct):
    """A change of the index: the rows to write and those that it replaces."""

    root: Root
    heads: list[Head] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    put: list[EventIndexRow] = field(default_factory=list)
    replaced: list[Key[Any]] = field(default_factory=list)

    def apply(self, arrivals: Sequence[Arrival], states: dict[str, PackageState]) -> None:
        """Add events and change the states of idents. Raises Stale if another fold was faster."""
        root = self.root
        by_head: dict[int, list[Arrival]] = {}
        for arrival in arrivals:
            by_head.setdefault(page_for(root.heads, arrival[0].time), []).append(arrival)
        touched = list(range(len(root.heads))) if states else sorted(set(by_head) & set(range(len(root.heads))))
        heads = [root.heads[number] for number in touched]
        facts, names = event_index.read_with_names(root, heads, with_hashes=True)
        chunks = {
            number: Chunk.of(of_chunk, names.names[at], names.hashes[at])
            for at, (number, of_chunk) in enumerate(zip(touched, facts, strict=True))
        }
        if not root.heads and arrivals:
            chunks[0] = Chunk.empty()
        dictionary = _Dictionary(names.numbers, list(names.dictionary))
        loaded = event_index.pages(self._pages_to_load(chunks, by_head, states, dictionary))
        changed = [
            number
            for number, chunk in chunks.items()
            if chunk.set_states(states, dictionary.numbers, lambda page: loaded[page.id])
            | chunk.insert(by_head.get(number, []), dictionary.number_of, lambda page: loaded[page.id])
        ]
        self._store({number: chunks[number] for number in changed})
        self._store_names(dictionary.names)

    def commit(self, row: EventRootRow | None, folded: list[str]) -> bool:
        """Write the new rows, then the root. Returns False if another fold was faster."""
        put_many(self.put)
        now = int(time.time())
        due = [each for each in self.root.replaced if each.since < now - event_index.KEPT_SECONDS]
        kept = [each for each in self.root.replaced if each.since >= now - event_index.KEPT_SECONDS]
        kept += [Replaced(now, key.pk, key.sk) for key in self.replaced]
        root = Root(self.heads, self.segments, folded, kept)
        if not _replace_root(row, root):
            delete_many([Key(EventIndexRow, each.pk, each.sk) for each in self.put])
            return False
        delete_many([Key(EventIndexRow, each.pk, each.sk) for each in due])
        return True

    def _pages_to_load(
        self,
        chunks: dict[int, Chunk],
        by_head: dict[int, list[Arrival]],
        states: dict[str, PackageState],
        dictionary: _Dictionary,
    ) -> Iterable[StoredPage]:
        for number, chunk in chunks.items():
            yield from chunk.pages_for(by_head.get(number, []))
            yield from chunk.pages_with(states, dictionary.numbers)

    def _store(self, changed: dict[int, Chunk]) -> None:
        """Add the rows of changed chunks, and the keys of those that they replace."""
        for number, head in enumerate(self.root.heads):
            if number not in changed:
                self.heads.append(head)
                continue
            self.replaced += [event_index.facts_key(head)]
            self.replaced += [event_index.part_key(kind, head) for kind in (NAMES, HASHES)]
        old_pages = {page.id for chunk in changed.values() for page in chunk.replaced}
        self.replaced += [Key(EventIndexRow, event_index.part_partition(PAGES), str(number)) for number in old_pages]
        for chunk in changed.values():
            self.heads += [self._store_chunk(part) for part in chunk.split()]
        self.heads.sort(key=lambda head: head.first)

    def _store_chunk(self, chunk: Chunk) -> Head:
        stored = [self._store_page(page) for page in chunk.pages]
        head = Head(new_id(), len(chunk.kinds), stored[0].first, stored[-1].last)
        self._add(event_index.facts_key(head), chunk.facts(stored).packed())
        self._add(event_index.part_key(NAMES, head), chunk.stored_names().packed())
        self._add(event_index.part_key(HASHES, head), zlib.compress(bytes(chunk.hashes), 9))
        return head

    def _store_page(self, page: Page) -> StoredPage:
        if not isinstance(page, NewPage):
            return page
        stored = StoredPage(new_id(), page.count, page.first, page.last)
        self._add(event_index.part_key(PAGES, stored), packed(page.entries))
        return stored

    def _store_names(self, names: list[str]) -> None:
        """Add the rows of the segments that have more names than before."""
        for number, begin in enumerate(range(0, len(names), SEGMENT)):
            part = list(islice(names, begin, begin + SEGMENT))
            old = self.root.segments[number] if number < len(self.root.segments) else None
            if old is not None and old.count == len(part):
                self.segments.append(old)
                continue
            if old is not None:
                self.replaced.append(event_index.part_key(DICTIONARY, old))
            segment = Segment(new_id(), len(part))
            self._add(event_index.part_key(DICTIONARY, segment), event_index.segment_of(part))
            self.segments.append(segment)

    def _add(self, key: Key[EventIndexRow], content: bytes) -> None:
        self.put.append(EventIndexRow(key.pk, key.sk, content=content))


def _replace_root(row: EventRootRow | None, root: Root) -> bool:
    """Write a root. Returns False if the stored one is no longer the row that was read."""
    key, revision = event_index.root_key(), new_id()
    actions = [EventRootRow.revision.set(revision), EventRootRow.content.set(root.packed())]
    if update_if(key, _is_same(row), actions) is not None:
        return True
    stored = read(key)  # an earlier attempt may have written it, and its response was lost
    return stored is not None and int(stored.revision) == revision


def _is_same(row: EventRootRow | None) -> Condition:
    condition: Condition = EventRootRow.pk.does_not_exist() if row is None else EventRootRow.revision == row.revision
    return condition
