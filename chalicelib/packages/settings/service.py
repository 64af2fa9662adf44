"""The settings of package names: the visibility that the next upload of a name gets (packages.md section 10).

The origin's counts change in the transaction that changes the settings. Every write demands the visibility that was
read, so neither another writer nor an upload that comes in between can make a count wrong.
"""

from typing import Any

from chalicelib.catalog import package_rows
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.origin_rows import OriginCountRow, OriginRow, origin_count_key, origin_key
from chalicelib.catalog.package_rows import NameRow, SettingsRow
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility, VisibilityUnknown
from chalicelib.packages.errors import (
    SettingsExist,
    SettingsMissing,
    SettingsNeeded,
    SettingsVisibilityUnknown,
    VisibilityMissing,
)
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import Found, read, read_many


def show(origin: str, name: str) -> SettingsRow:
    """The settings of a name. Raises SettingsMissing."""
    row = read(package_rows.settings_key(origin, name))
    if row is None:
        raise SettingsMissing
    return row


def create(origin: str, name: str, by: Session) -> SettingsRow:
    """Make settings with the origin's default visibility; the caller owns them. Raises OriginMissing, SettingsExist."""
    created: SettingsRow = again_when_stale(lambda: _create(origin, name, by))
    return created


def parse_visibility(wanted: Any) -> Visibility:
    """What a change asks for, as its JSON has it. Raises VisibilityMissing, SettingsVisibilityUnknown."""
    if wanted is None or wanted == "":
        raise VisibilityMissing("Missing required package visibility")
    try:
        return Visibility.parse(wanted)
    except VisibilityUnknown as problem:
        raise SettingsVisibilityUnknown from problem


def change_visibility(origin: str, name: str, visibility: Visibility, by: Session) -> SettingsRow:
    """What the next upload gets; existing packages keep theirs, and the caller owns it now. Raises SettingsMissing."""
    changed: SettingsRow = again_when_stale(lambda: _change_visibility(origin, name, visibility, by))
    return changed


def delete(origin: str, name: str) -> None:
    """Remove the settings of a name without packages; none there is no error. Raises SettingsNeeded."""
    again_when_stale(lambda: _delete(origin, name))


def _create(origin: str, name: str, by: Session) -> SettingsRow:
    place, key = origin_key(origin), package_rows.settings_key(origin, name)
    found = read_many([place, key])
    owner = found.get(place)
    if owner is None:
        raise OriginMissing
    if found.get(key) is not None:
        raise SettingsExist
    moment = now()
    row = SettingsRow(
        key.pk,
        key.sk,
        id=new_id(moment),
        visibility=owner.default_package_visibility,
        owner_id=by.account_id,
        created_at=timestamp(moment),
        updated_at=timestamp(moment),
    )
    change = Change()
    same_default = OriginRow.default_package_visibility == owner.default_package_visibility
    change.check(place, OriginRow.pk.exists() & same_default)
    change.add(row, otherwise=SettingsExist())
    _count(change, origin, settings=1, public=_is_public(row))
    change.commit()
    return row


def _change_visibility(origin: str, name: str, visibility: Visibility, by: Session) -> SettingsRow:
    key, row = package_rows.settings_key(origin, name), show(origin, name)
    before, unchanged = _is_public(row), _unchanged(row)
    row.visibility, row.owner_id, row.updated_at = str(visibility), by.account_id, timestamp(now())
    change = Change()
    change.update(
        key,
        [
            SettingsRow.visibility.set(row.visibility),
            SettingsRow.owner_id.set(row.owner_id),
            SettingsRow.updated_at.set(row.updated_at),
        ],
        condition=unchanged,
    )
    _count(change, origin, settings=0, public=_is_public(row) - before)
    change.commit()
    return row


def _delete(origin: str, name: str) -> None:
    key, counts = package_rows.settings_key(origin, name), package_rows.name_key(origin, name)
    found = read_many([key, counts])
    _demand_no_packages(origin, name, found)
    row = found.get(key)
    if row is None:
        return
    change = Change()
    change.check(counts, NameRow.pk.does_not_exist() | (NameRow.packages == 0))
    change.delete(key, condition=_unchanged(row))
    _count(change, origin, settings=-1, public=-_is_public(row))
    change.commit()


def _demand_no_packages(origin: str, name: str, found: Found) -> None:
    counts = found.get(package_rows.name_key(origin, name))
    remaining = 0 if counts is None else int(counts.packages)
    if remaining:
        raise SettingsNeeded(f"There are {remaining} packages remaining for setting {origin}/{name}. Must be zero.")


def _unchanged(row: SettingsRow) -> Any:
    return (SettingsRow.id == row.id) & (SettingsRow.visibility == row.visibility)


def _is_public(row: SettingsRow) -> int:
    return int(row.visibility == Visibility.PUBLIC)


def _count(change: Change, origin: str, settings: int, public: int) -> None:
    if settings or public:
        counts = [OriginCountRow.settings.add(settings), OriginCountRow.public_settings.add(public)]
        change.update(origin_count_key(origin), counts)
