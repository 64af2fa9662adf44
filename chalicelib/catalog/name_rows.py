"""Rows of names, with their versions and settings, all in text order."""

from typing import Any

from chalicelib.platform.attributes import Condition, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id
from chalicelib.platform.row import Key, Row, partition


class NameRow(Row):
    """A name with the number of its packages and idents. The rows of an origin are in text order.

    - `revision`: every addition and deletion of a package sets a new one.
    - `epoch`: when its settings change, or hints that lead to it are deleted, the name gets a new one. Uploads check it
      (`is_same_epoch`).
    - `visibility`: that of its settings, None without settings. An upload reads it together with the epoch.
    - `log_id`: the id of its last change in the log of names (`catalog/name_log.py`).
    """

    packages = NumberAttribute(default=0)
    public_packages = NumberAttribute(default=0)
    idents = NumberAttribute(default=0)
    public_idents = NumberAttribute(default=0)
    revision = NumberAttribute(null=True)
    epoch = NumberAttribute(null=True)
    log_id = NumberAttribute(null=True)
    visibility = UnicodeAttribute(null=True)


class VersionRow(Row):
    """A version of a name with the number of its idents."""

    idents = NumberAttribute(default=0)
    public_idents = NumberAttribute(default=0)


class SettingsRow(Row):
    """The settings of a name: the visibility of its next upload."""

    id = NumberAttribute()
    visibility = UnicodeAttribute()
    owner_id = NumberAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()


def names_partition(origin: str) -> str:
    """Partition of the names of an origin, in text order."""
    return partition("NAMES", origin)


def name_key(origin: str, name: str) -> Key[NameRow]:
    """Key of a name and its counts."""
    return Key(NameRow, names_partition(origin), name)


def renew_revision(change: Change, key: Key[NameRow]) -> None:
    """Give a name a new revision as part of a change."""
    change.update(key, [NameRow.revision.set(new_id())])


def is_same_revision(name: NameRow | None) -> Condition:
    """Return the condition that a name has had no addition or deletion of a package since it was read."""
    return _is_same(NameRow.revision, None if name is None else name.revision)


def renew_epoch(change: Change, key: Key[NameRow]) -> None:
    """Give a name a new epoch as part of a change, which makes the uploads under way decide again."""
    change.update(key, [NameRow.epoch.set(new_id())])


def is_same_epoch(name: NameRow | None) -> Condition:
    """Return the condition that what uploads of a name rely on has not changed since the name was read."""
    return _is_same(NameRow.epoch, None if name is None else name.epoch)


def _is_same(attribute: NumberAttribute, read_before: float | None) -> Condition:
    condition: Condition = attribute.does_not_exist() if read_before is None else attribute == read_before
    return condition


def version_counts_partition(origin: str, name: str) -> str:
    """Partition of the versions of a name, in text order."""
    return partition("VERSIONS", origin, name)


def version_count_key(origin: str, name: str, version: str) -> Key[VersionRow]:
    """Key of a version and its counts."""
    return Key(VersionRow, version_counts_partition(origin, name), version)


def counts_key(origin: str, name: str, version: str | None) -> Key[Any]:
    """Key of the row that counts the idents of a name, or of one version of it."""
    return name_key(origin, name) if version is None else version_count_key(origin, name, version)


def visible_idents(counts: NameRow | VersionRow | None, member: bool) -> int:
    """Return the number of idents of a name or version that a member of the origin, or anyone else, may see."""
    if counts is None:
        return 0
    return int(counts.idents if member else counts.public_idents)


def settings_partition(origin: str) -> str:
    """Partition of the package settings of an origin, in text order of the names."""
    return partition("SETTINGS", origin)


def settings_key(origin: str, name: str) -> Key[SettingsRow]:
    """Key of the settings of a name."""
    return Key(SettingsRow, settings_partition(origin), name)
