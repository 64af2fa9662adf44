"""The newest release of every name in a channel for one target, for members and for everyone, kept by changes.

Joining is a maximum in version order. When the newest release of a name leaves, the next one is *unknown* until a
reader has found it. Applying a change that is reflected already is harmless, if changes of one release arrive in the
order of their commits, or within the time for which `forget` keeps the releases that have left.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import starmap

import msgspec
from msgspec import Struct

from chalicelib.core.shown import Shown
from chalicelib.core.version_order import release_key

Release = tuple[str, str]
"""Version and release."""

UNKNOWN: Release = ("?", "")
"""Stored for a name whose newest release is unknown. Versions have a digit: others are never the newest."""

_NONE: Release = ("", "")
_Stored = tuple[str, str, str, list[int], str, str, list[tuple[str, str, str, int]]]
_decoder = msgspec.msgpack.Decoder(_Stored)
_encoder = msgspec.msgpack.Encoder()


class MembershipChange(Struct, frozen=True):
    """The change of one release of a name in a channel: to whom the channel shows it before and after."""

    name: str
    version: str
    release: str
    before: Shown
    after: Shown

    def moves(self, seen_by: Shown) -> bool:
        """Return whether the release joins or leaves for those who see entries of a state and above."""
        return (self.before >= seen_by) != (self.after >= seen_by)

    @property
    def leaves(self) -> bool:
        """Whether the release leaves, at least for the public."""
        return self.after < self.before


_Moved = Mapping[tuple[str, str, str], Sequence[MembershipChange]]


class NewestNames:
    """The newest release of each name, for members and for everyone, and the releases that have left lately."""

    def __init__(self) -> None:
        self._newest: dict[Shown, dict[str, Release]] = {Shown.MEMBERS: {}, Shown.EVERYONE: {}}
        self._left: dict[tuple[str, str, str], int] = {}

    @classmethod
    def of_releases(cls, releases: Iterable[tuple[str, str, str, Shown]]) -> "NewestNames":
        """Return the newest of some releases, each given as name, version, release and to whom it is shown."""
        names = cls()
        orders: dict[tuple[Shown, str], str] = {}
        for name, version, release, shown in releases:
            order = release_key(version, release)
            if order is None:
                continue
            for seen_by, newest in names._newest.items():
                if shown >= seen_by and orders.get((seen_by, name), "") < order:
                    orders[seen_by, name] = order
                    newest[name] = (version, release)
        return names

    @classmethod
    def unpacked(cls, content: bytes) -> "NewestNames":
        """Return what `packed` stored."""
        names, versions, releases, others, their_versions, their_releases, left = _decoder.decode(
            zlib.decompress(content)
        )
        result = cls()
        if names:
            keys = names.split("\n")
            members = list(zip(versions.split("\n"), releases.split("\n"), strict=True))
            public = members.copy()
            theirs = zip(others, their_versions.split("\n"), their_releases.split("\n"), strict=False)
            for i, version, release in theirs:  # no others: one empty text
                public[i] = (version, release)
            for seen_by, several in ((Shown.MEMBERS, members), (Shown.EVERYONE, public)):
                stored = zip(keys, several, strict=True)
                result._newest[seen_by] = {name: release for name, release in stored if release != _NONE}
        result._left = {(name, version, release): time for name, version, release, time in left}
        return result

    def packed(self) -> bytes:
        """Return the compressed form that rows store: in columns, and for the public only what differs."""
        names = sorted(self._newest[Shown.MEMBERS].keys() | self._newest[Shown.EVERYONE].keys())
        members, public = ([newest.get(name, _NONE) for name in names] for newest in self._newest.values())
        others = [i for i, release in enumerate(public) if release != members[i]]
        columns = [
            "\n".join(names),
            "\n".join(version for version, _ in members),
            "\n".join(release for _, release in members),
            others,
            "\n".join(public[i][0] for i in others),
            "\n".join(public[i][1] for i in others),
            [(*key, time) for key, time in sorted(self._left.items())],
        ]
        return zlib.compress(_encoder.encode(columns), 6)

    def visible(self, seen_by: Shown) -> Iterator[tuple[str, str, str]]:
        """Yield name, version and release of the newest releases, by name. Unknown ones are left out."""
        for name, release in sorted(self._newest[seen_by].items()):
            if release != UNKNOWN:
                yield (name, *release)

    def unknown(self, seen_by: Shown) -> list[str]:
        """Return the names whose newest release is unknown."""
        return [name for name, release in self._newest[seen_by].items() if release == UNKNOWN]

    def resolve(self, seen_by: Shown, name: str, release: Release | None) -> None:
        """Set the newest release of a name that is unknown, None if it has none. Does nothing for other names."""
        newest = self._newest[seen_by]
        if newest.get(name) != UNKNOWN:
            return
        if release is None:
            del newest[name]
        else:
            newest[name] = release

    def apply(self, changes: Iterable[MembershipChange], moment: datetime) -> None:
        """Apply changes that were found together. Several changes of one release may be in any order."""
        moved: dict[tuple[str, str, str], list[MembershipChange]] = {}
        for change in changes:
            if release_key(change.version, change.release) is not None:
                moved.setdefault((change.name, change.version, change.release), []).append(change)
        for seen_by in self._newest:
            self._apply(moved, seen_by)
        self._note_left(moved, moment)

    def note_left(self, changes: Iterable[MembershipChange], moment: datetime) -> None:
        """Remember the releases that left in changes that are reflected already. See `forget`."""
        self._note_left({(each.name, each.version, each.release): [each] for each in changes if each.leaves}, moment)

    def forget(self, before: datetime) -> None:
        """Forget the releases that left before a time.

        Until then a change that says that one of them joins makes its name unknown: it may be an earlier change, which
        a machine with another clock has written.
        """
        oldest = _milliseconds(before)
        self._left = {key: time for key, time in self._left.items() if time >= oldest}

    def _note_left(self, moved: _Moved, moment: datetime) -> None:
        left = [key for key, several in moved.items() if any(change.leaves for change in several)]
        self._left.update(dict.fromkeys(left, _milliseconds(moment)))

    def _apply(self, moved: _Moved, seen_by: Shown) -> None:
        newest = self._newest[seen_by]
        joined, left, doubtful = self._sorted(moved, seen_by)
        for name, release in joined:
            current = newest.get(name)
            if current is None or (current != UNKNOWN and _is_older(current, release)):
                newest[name] = release
        for name, release in doubtful:
            current = newest.get(name)
            if current is None or not _is_older(release, current):
                newest[name] = UNKNOWN
        for name, release in left:
            if newest.get(name) == release:
                newest[name] = UNKNOWN

    def _sorted(self, moved: _Moved, seen_by: Shown) -> tuple[list[tuple[str, Release]], ...]:
        """Return the releases that join, those that leave, and those that may do both."""
        joined: list[tuple[str, Release]] = []
        left: list[tuple[str, Release]] = []
        doubtful: list[tuple[str, Release]] = []
        for key, several in moved.items():
            moves = [change.after >= seen_by for change in several if change.moves(seen_by)]
            if not moves:
                continue
            kind = joined if moves[0] else left
            if len(moves) > 1 or (moves[0] and key in self._left):
                kind = doubtful
            kind.append((key[0], key[1:]))
        return joined, left, doubtful


def _is_older(one: Release, other: Release) -> bool:
    """Return whether a release comes before another. An unknown one comes before all."""
    first, second = starmap(release_key, (one, other))
    return second is not None and (first or "") < second


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
