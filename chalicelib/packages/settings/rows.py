"""Writes of settings rows, which keep the counts of the origin correct."""

from chalicelib.catalog import package_rows
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.catalog.package_rows import SettingsRow
from chalicelib.core.visibility import Visibility
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp


def new(origin: str, name: str, visibility: Visibility, owner_id: int) -> SettingsRow:
    """Return the row of new settings."""
    key, moment = package_rows.settings_key(origin, name), now()
    return SettingsRow(
        key.pk,
        key.sk,
        id=new_id(moment),
        visibility=str(visibility),
        owner_id=owner_id,
        created_at=timestamp(moment),
        updated_at=timestamp(moment),
    )


def add(change: Change, origin: str, row: SettingsRow, otherwise: Exception | None = None) -> None:
    """Add new settings to a change. The change raises `otherwise`, or Stale, if the name already has settings."""
    change.add(row, otherwise)
    count(change, origin, settings=1, public=is_public(row))


def count(change: Change, origin: str, settings: int, public: int) -> None:
    """Add to the counts of all settings and of public settings of an origin."""
    if settings or public:
        counts = [OriginCountRow.settings.add(settings), OriginCountRow.public_settings.add(public)]
        change.update(origin_count_key(origin), counts)


def is_public(row: SettingsRow) -> int:
    """Return 1 if the settings count as public, else 0."""
    return int(row.visibility == Visibility.PUBLIC)
