"""The settings of package names: the visibility that the next upload of a name gets (packages.md section 10).

The list of settings and the row of the name change in the same transaction. Every write checks the visibility that was
read, and a fence, which ends with the origin, a role or the default visibility of the origin. Uploads check that the
settings are still the same.
"""

from functools import partial
from typing import Any

from chalicelib.catalog import fences, name_rows, origin_rows
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.lists import list_folding
from chalicelib.catalog.name_rows import NameRow, SettingsRow
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.plain_text import is_plain_name
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility, VisibilityUnknown
from chalicelib.packages.errors import (
    IdentInvalid,
    SettingsExist,
    SettingsMissing,
    SettingsNeeded,
    SettingsVisibilityUnknown,
    VisibilityMissing,
)
from chalicelib.packages.settings import rows
from chalicelib.platform.change import Change
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.table import read, read_many


def show(origin: str, name: str) -> SettingsRow:
    """Return the settings of a name. Raises SettingsMissing."""
    row = read(name_rows.settings_key(origin, name))
    if row is None:
        raise SettingsMissing
    return row


def create(origin: str, name: str, by: Session) -> SettingsRow:
    """Create settings with the default visibility of the origin, owned by the caller.

    Raises IdentInvalid for a name that is not plain, OriginMissing, SettingsExist.
    """
    if not is_plain_name(name):
        raise IdentInvalid("The name of a package must not be `.` or `..` or have invisible characters")
    return fences.protected(origin, by.permission, partial(_create, origin, name, by))


def parse_visibility(text: str | None) -> Visibility:
    """Return the visibility that a request names. Raises VisibilityMissing, SettingsVisibilityUnknown."""
    if not text:
        raise VisibilityMissing("Missing required package visibility")
    try:
        return Visibility.parse(text)
    except VisibilityUnknown as problem:
        raise SettingsVisibilityUnknown from problem


def change_visibility(origin: str, name: str, visibility: Visibility, by: Session) -> SettingsRow:
    """Change the visibility of the next upload; the caller becomes the owner. Raises SettingsMissing."""
    return fences.protected(origin, by.permission, partial(_change_visibility, origin, name, visibility, by))


def delete(origin: str, name: str, by: Session) -> None:
    """Delete the settings of a name without packages. Does nothing if there are none. Raises SettingsNeeded."""
    fences.protected(origin, by.permission, partial(_delete, origin, name, by))


def _create(origin: str, name: str, by: Session, fence: Fence) -> SettingsRow:
    key = name_rows.settings_key(origin, name)
    found = read_many([origin_key(origin), key])
    origin_row = found.get(origin_key(origin))
    if origin_row is None or not origin_rows.is_same(origin_row, by.permission):
        raise OriginMissing
    if found.get(key) is not None:
        raise SettingsExist
    default = Visibility(origin_row.default_package_visibility)
    row = rows.new(origin, name, default, by.account_id)
    with Change() as change:
        fence.check(change, by.permission)
        list_folding.add_and_fold(change, origin, [rows.add(change, origin, row, otherwise=SettingsExist())])
    return row


def _change_visibility(origin: str, name: str, visibility: Visibility, by: Session, fence: Fence) -> SettingsRow:
    key, row = name_rows.settings_key(origin, name), show(origin, name)
    before, unchanged = row.visibility, _unchanged(row)
    row.visibility, row.owner_id, row.updated_at = str(visibility), by.account_id, timestamp(now())
    with Change() as change:
        fence.check(change, by.permission)
        change.update(
            key,
            [
                SettingsRow.visibility.set(row.visibility),
                SettingsRow.owner_id.set(row.owner_id),
                SettingsRow.updated_at.set(row.updated_at),
            ],
            condition=unchanged,
        )
        list_folding.add_and_fold(change, origin, [rows.note(change, origin, name, before, row.visibility)])
    return row


def _delete(origin: str, name: str, by: Session, fence: Fence) -> None:
    key, name_key = name_rows.settings_key(origin, name), name_rows.name_key(origin, name)
    found = read_many([key, name_key])
    _demand_no_packages(origin, name, found.get(name_key))
    row = found.get(key)
    if row is None:
        return
    with Change() as change:
        fence.check(change, by.permission)
        change.delete(key, condition=_unchanged(row))
        list_folding.add_and_fold(change, origin, [rows.note(change, origin, name, row.visibility, None)])
        change.update(name_key, [], condition=NameRow.packages.does_not_exist() | (NameRow.packages == 0))


def _demand_no_packages(origin: str, name: str, counts: NameRow | None) -> None:
    remaining = 0 if counts is None else int(counts.packages)
    if remaining:
        raise SettingsNeeded(f"There are {remaining} packages remaining for setting {origin}/{name}. Must be zero.")


def _unchanged(row: SettingsRow) -> Any:
    return (SettingsRow.id == row.id) & (SettingsRow.visibility == row.visibility)
