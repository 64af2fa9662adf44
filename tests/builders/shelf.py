"""A model of an origin: the rows that follow from the visibility and channels of each package (packages.md section 2).

It derives lists, newest releases and counts in one pass over all packages, independently of `catalog.steps`, which
updates them step by step. Tests compare both.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.catalog import channel_rows, name_log, name_rows, package_rows
from chalicelib.catalog.lists import counted_lists, list_rows
from chalicelib.catalog.lists.list_rows import channel_list
from chalicelib.catalog.long_changes.long_change_rows import long_changes_partition
from chalicelib.core.ident import PackageIdent
from chalicelib.core.shown import Shown
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.platform.table import read
from tests.builders.rows import partition_rows, partitions_of

PUBLIC = "public"
Rows = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Spot:
    """The visibility and channels of one package."""

    visibility: str
    channels: frozenset[str]


@dataclass
class Shelf:
    """The packages, channels and settings of an origin."""

    origin: str
    packages: dict[tuple[PackageIdent, Target], Spot] = field(default_factory=dict)
    channels: set[str] = field(default_factory=lambda: {"stable", "unstable"})
    settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, origin: str) -> "Shelf":
        """Read the model from the rows that determine all others: standings, channels and settings."""
        shelf = cls(origin, channels=set(partition_rows(channel_rows.channels_partition(origin))))
        for path, row in partition_rows(package_rows.idents_partition(origin)).items():
            ident = PackageIdent.parse(f"{origin}/{path}")
            for target, (visibility, names) in json.loads(row["standing"]).items():
                shelf.packages[ident, Target(target)] = Spot(visibility, frozenset(names))
        for name, row in partition_rows(name_rows.settings_partition(origin)).items():
            shelf.settings[name] = row["visibility"]
        return shelf

    @property
    def names(self) -> dict[str, Shown]:
        """The names with packages, and who sees them."""
        public = {ident.name for (ident, _), spot in self.packages.items() if spot.visibility == PUBLIC}
        return {ident.name: Shown.entry(True, ident.name in public) for ident, _ in self.packages}

    @property
    def rows(self) -> Rows:
        """All rows that follow from the model, by partition key and sort key. Rows of zero counts are left out."""
        rows: Rows = {}
        for (ident, target), spot in self.packages.items():
            rows |= _rows_of(ident, target, spot)
        return rows | {key: counts for key, counts in self._counts() if any(counts.values())}

    def _counts(self) -> Iterable[tuple[tuple[str, str], dict[str, int]]]:
        idents = {ident for ident, _ in self.packages}
        public = {ident for (ident, _), spot in self.packages.items() if spot.visibility == PUBLIC}
        for name in {ident.name for ident in idents}:
            key = name_rows.name_key(self.origin, name)
            spots = [spot for (ident, _), spot in self.packages.items() if ident.name == name]
            public_spots = sum(spot.visibility == PUBLIC for spot in spots)
            packages = {"packages": len(spots), "public_packages": public_spots}
            yield (key.pk, key.sk), packages | _ident_counts(name, idents, public)
        for name, version in {(ident.name, ident.version) for ident in idents}:
            version_key = name_rows.version_count_key(self.origin, name, version)
            yield (version_key.pk, version_key.sk), _ident_counts(name, idents, public, version)

    @property
    def totals(self) -> dict[str, tuple[int, int]]:
        """The totals of the counted lists that are not empty, for members and for the public."""
        shown: dict[str, list[bool]] = defaultdict(list)
        public_idents = {ident for (ident, _), spot in self.packages.items() if spot.visibility == PUBLIC}
        for ident in {ident for ident, _ in self.packages}:
            shown["idents"].append(ident in public_idents)
        for name in {ident.name for ident, _ in self.packages}:
            shown["names"].append(any(ident.name == name for ident in public_idents))
        for visibility in self.settings.values():
            shown["settings"].append(visibility == PUBLIC)
        for spot in self.packages.values():
            for channel in spot.channels:
                shown[channel_list(channel)].append(spot.visibility == PUBLIC)
        return {name: (len(states), sum(states)) for name, states in shown.items()}


def _ident_counts(
    name: str, idents: set[PackageIdent], public: set[PackageIdent], version: str | None = None
) -> dict[str, int]:
    def count(some: set[PackageIdent]) -> int:
        return sum(ident.name == name and version in (None, ident.version) for ident in some)

    return {"idents": count(idents), "public_idents": count(public)}


def _rows_of(ident: PackageIdent, target: Target, spot: Spot) -> Rows:
    package, texts = package_rows.package_key(ident, target), package_rows.texts_key(ident, target)
    rows: Rows = {
        (package.pk, package.sk): {"ident": str(ident)},
        (texts.pk, texts.sk): {},
    }
    order = release_key(ident.version, ident.release)
    for channel in spot.channels:
        membership = channel_rows.membership_key(channel, ident, target)
        shown = {"ident": str(ident), "visibility": spot.visibility}
        rows[membership.pk, membership.sk] = {**shown, "target": str(target)}
        if order is not None:
            rows[channel_rows.newest_partition(ident.origin, channel, ident.name, target), order] = shown
    return rows


def stored_rows(origin: str) -> Rows:
    """Return the rows in the table of the kinds that the model has, with the attributes of the model."""
    stored: Rows = {}
    for pk in partitions_of(origin):
        kind = pk.partition("#")[0]
        if kind not in ATTRIBUTES:
            continue
        for sk, row in partition_rows(pk).items():
            attributes = {name: _value(kind, row.get(name)) for name in ATTRIBUTES[kind]}
            if any(attributes.values()) or kind not in COUNTS:
                stored[pk, sk] = attributes
    return stored


def stored_totals(origin: str) -> dict[str, tuple[int, int]]:
    """Return the totals of the counted lists that are not empty, as readers get them."""
    log = counted_lists.log_of(origin)
    names = {entry.list for row in log.changes for entry in row.entries} | set(
        partition_rows(list_rows.index_partition(origin))
    )
    totals = {}
    for name in names:
        whole = counted_lists.counted(log, name, read(counted_lists.index_key(origin, name))).whole
        totals[name] = (whole.total(member=True), whole.total(member=False))
    return {name: total for name, total in totals.items() if any(total)}


COUNTS = {"NAMES", "VERSIONS"}
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "RELEASES": ("ident",),
    "TEXTS": (),
    "CHANNEL": ("ident", "visibility", "target"),
    "NEWEST": ("ident", "visibility"),
    "NAMES": ("packages", "public_packages", "idents", "public_idents"),
    "VERSIONS": ("idents", "public_idents"),
}


def _value(kind: str, value: Any) -> Any:
    return int(value or 0) if kind in COUNTS else value


def channels_under_deletion(origin: str) -> set[str]:
    """Return the channels of an origin whose deletion has not ended."""
    changes = partition_rows(long_changes_partition(origin)).values()
    return {row["source"] for row in changes if (row["kind"], row["state"]) == ("channel-deletion", "running")}


def assert_consistent(origin: str) -> Shelf:
    """Check the rows of an origin against the model, and return the model.

    Every channel of a package must exist or be under deletion.
    """
    shelf = Shelf.read(origin)
    assert stored_rows(origin) == shelf.rows
    assert stored_totals(origin) == shelf.totals
    leaving = channels_under_deletion(origin)
    in_use = {channel for spot in shelf.packages.values() for channel in spot.channels}
    assert in_use <= shelf.channels | leaving
    assert not shelf.channels & leaving
    assert all("unstable" in spot.channels for spot in shelf.packages.values())
    assert logged_names(origin) == shelf.names
    return shelf


def logged_names(origin: str) -> dict[str, Shown]:
    """Return the names of an origin as search finds them: the last change of each in the log of names."""
    names: dict[str, Shown] = {}
    for key in sorted(partition_rows(name_log.LOG)):
        _, shown, of_origin, name = key.split("/")
        if of_origin == origin:
            names[name] = Shown(int(shown))
    return {name: shown for name, shown in names.items() if shown}
