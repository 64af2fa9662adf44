"""All events of the table, from the inbox and the index."""

from chalicelib.catalog.events import event_index, event_rows
from chalicelib.catalog.events.event_index import Root
from chalicelib.core.events.event_entries import EventEntry
from chalicelib.platform.table import read


def all_events() -> list[EventEntry]:
    """Return every event that was recorded, oldest first."""
    entries = [event.entry for event in event_rows.inbox().events]
    root = Root.unpacked(read(event_index.root_key()))
    stored = event_index.pages(page for facts in event_index.facts_of(root.heads) for page in facts.pages)
    unique = {entry.order: entry for page in [entries, *stored.values()] for entry in page}
    return [unique[order] for order in sorted(unique)]
