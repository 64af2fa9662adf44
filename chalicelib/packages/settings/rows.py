"""Writes of settings rows, which keep the list of settings and the row of the name up to date."""

from chalicelib.catalog import name_rows, origin_summaries
from chalicelib.catalog.lists import list_rows
from chalicelib.catalog.lists.list_rows import EntryChange
from chalicelib.catalog.name_rows import NameRow, SettingsRow
from chalicelib.core.shown import Shown
from chalicelib.core.visibility import Visibility
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp


def new(origin: str, name: str, visibility: Visibility, owner_id: int) -> SettingsRow:
    """Return the row of new settings."""
    key, moment = name_rows.settings_key(origin, name), now()
    return SettingsRow(
        key.pk,
        key.sk,
        id=new_id(moment),
        visibility=str(visibility),
        owner_id=owner_id,
        created_at=timestamp(moment),
        updated_at=timestamp(moment),
    )


def add(change: Change, origin: str, row: SettingsRow, otherwise: Exception | None = None) -> EntryChange:
    """Add new settings to a change. Returns the change of the list of settings, which the caller adds to it.

    The change raises `otherwise`, or Stale, if the name already has settings.
    """
    change.add(row, otherwise)
    return note(change, origin, row.sk, None, row.visibility)


def note(change: Change, origin: str, name: str, before: str | None, after: str | None) -> EntryChange:
    """Add what follows from a new visibility in the settings of a name to a change; None: there are no settings.

    Uploads of the name that are under way decide again. Returns the change of the list of settings, which the caller
    adds to the change.
    """
    key = name_rows.name_key(origin, name)
    name_rows.renew_epoch(change, key)
    change.update(key, [NameRow.visibility.remove() if after is None else NameRow.visibility.set(after)])
    added = (after is not None) - (before is not None)
    if added:
        origin_summaries.note_settings(change, origin, added)
    return EntryChange(list_rows.SETTINGS, name, _shown(before), _shown(after))


def _shown(visibility: str | None) -> Shown:
    return Shown.entry(visibility is not None, visibility == Visibility.PUBLIC)
