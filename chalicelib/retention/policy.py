"""What a retention policy keeps. Pure; the releases of one name for one target are judged together.

A release may go only when every rule lets it go. The newest of a name always stays, and so does what no order of
versions can judge.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from chalicelib.catalog.channel_rows import STABLE, UNSTABLE
from chalicelib.core.ident import PackageIdent
from chalicelib.core.version_order import version_key
from chalicelib.retention.errors import PolicyInvalid

CHANNELS_LIMIT = 20
LONGEST_DAYS = 36_500
KEPT_AT_MOST = 1_000_000
CHANNEL_CHARACTERS = 255


class Reason(StrEnum):
    """Why a release stays."""

    NEWEST = "newest"
    UNORDERED = "unordered"
    PER_NAME = "keep_per_name"
    RECENT = "older_than_days"
    IN_CHANNEL = "in_channel"
    PER_CHANNEL = "keep_per_channel"
    NEEDED = "needed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Policy:
    """Which releases of an origin may go.

    `keep_per_name` newest of a name stay, whatever else is said; what is younger than `older_than_days` stays; what is
    in a channel other than `unstable` stays, unless `channels` names it: of those the `keep_per_channel` newest stay.
    """

    keep_per_name: int
    keep_per_channel: int
    older_than_days: int
    channels: frozenset[str] = frozenset()

    @classmethod
    def checked(
        cls, keep_per_name: int, keep_per_channel: int, older_than_days: int, channels: Iterable[str]
    ) -> "Policy":
        """A policy that somebody wishes. Raises PolicyInvalid."""
        named = frozenset(channels)
        if not (1 <= keep_per_name <= KEPT_AT_MOST and 1 <= keep_per_channel <= KEPT_AT_MOST):
            raise PolicyInvalid(f"`keep_per_name` and `keep_per_channel` must be between 1 and {KEPT_AT_MOST}")
        if not 0 <= older_than_days <= LONGEST_DAYS:
            raise PolicyInvalid(f"`older_than_days` must be between 0 and {LONGEST_DAYS}")
        if named & {STABLE, UNSTABLE}:
            raise PolicyInvalid("`stable` is never cleaned, and `unstable` by `keep_per_name`; name other channels")
        if len(named) > CHANNELS_LIMIT or not all(0 < len(channel) <= CHANNEL_CHARACTERS for channel in named):
            raise PolicyInvalid(
                f"`channels` must be {CHANNELS_LIMIT} names at most, of 1 to {CHANNEL_CHARACTERS} characters"
            )
        return cls(keep_per_name, keep_per_channel, older_than_days, named)


class Release(NamedTuple):
    """What a policy looks at: `uploaded_at` is the time of the last upload."""

    ident: PackageIdent
    channels: frozenset[str]
    uploaded_at: str


class Verdict(NamedTuple):
    """Whether a release stays; `detail` is the channel that keeps it, or the release that needs it."""

    release: Release
    kept_by: Reason | None
    detail: str = ""


def judge(policy: Policy, releases: Sequence[Release], uploaded_before: str) -> list[Verdict]:
    """Judge the releases of one name and target, given newest first; who needs them is another question."""
    ordered = 0
    in_channels: Counter[str] = Counter()
    verdicts = []
    for release in releases:
        if version_key(release.ident.version) is None:
            verdicts.append(Verdict(release, Reason.UNORDERED))
            continue
        ordered += 1
        in_channels.update(release.channels)
        verdicts.append(_judged(policy, release, ordered, in_channels, uploaded_before))
    return verdicts


def _judged(policy: Policy, release: Release, place: int, in_channels: Counter[str], uploaded_before: str) -> Verdict:
    """`place` is 1 for the newest; `in_channels` counts it and the newer ones by channel."""
    if place == 1:
        return Verdict(release, Reason.NEWEST)
    for channel in sorted(release.channels - policy.channels - {UNSTABLE}):
        return Verdict(release, Reason.IN_CHANNEL, channel)
    for channel in sorted(release.channels & policy.channels):
        if in_channels[channel] <= policy.keep_per_channel:
            return Verdict(release, Reason.PER_CHANNEL, channel)
    if place <= policy.keep_per_name:
        return Verdict(release, Reason.PER_NAME)
    if release.uploaded_at >= uploaded_before:
        return Verdict(release, Reason.RECENT)
    return Verdict(release, None)
