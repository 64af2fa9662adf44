"""The rules by which a retention policy keeps releases. Pure; all releases of a name for a target are judged together.

A release may be removed only if every rule of the policy allows it. The newest release of a name is always kept, and so
are releases whose versions are not ordered.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from chalicelib.catalog.channel_rows import STABLE, UNSTABLE
from chalicelib.core.ident import PackageIdent
from chalicelib.core.plain_text import is_plain
from chalicelib.core.version_order import version_key
from chalicelib.retention.errors import PolicyInvalid

CHANNELS_LIMIT = 20
DAYS_LIMIT = 36_500
KEEP_LIMIT = 1_000_000
CHANNEL_CHARACTERS = 255


class Reason(StrEnum):
    """Why a release is kept."""

    NEWEST = "newest"
    UNORDERED = "unordered"
    PER_NAME = "keep_per_name"
    RECENT = "older_than_days"
    IN_CHANNEL = "in_channel"
    PER_CHANNEL = "keep_per_channel"
    NEEDED = "needed"
    CHANGED = "changed"
    UNDECIDED = "undecided"


class Policy(Struct, frozen=True):
    """Which releases of an origin are kept.

    - The `keep_per_name` newest releases of a name.
    - Releases uploaded in the last `older_than_days` days.
    - Releases in any channel but `unstable` and those in `channels`.
    - In each of `channels`, the `keep_per_channel` newest releases of a name.
    """

    keep_per_name: int
    keep_per_channel: int
    older_than_days: int
    channels: frozenset[str] = frozenset()

    @classmethod
    def checked(
        cls, keep_per_name: int, keep_per_channel: int, older_than_days: int, channels: Iterable[str]
    ) -> "Policy":
        """Return a policy with validated values. Raises PolicyInvalid."""
        cleaned = frozenset(channels)
        if not (1 <= keep_per_name <= KEEP_LIMIT and 1 <= keep_per_channel <= KEEP_LIMIT):
            raise PolicyInvalid(f"`keep_per_name` and `keep_per_channel` must be between 1 and {KEEP_LIMIT}")
        if not 0 <= older_than_days <= DAYS_LIMIT:
            raise PolicyInvalid(f"`older_than_days` must be between 0 and {DAYS_LIMIT}")
        if cleaned & {STABLE, UNSTABLE}:
            raise PolicyInvalid("`stable` is never cleaned, and `unstable` by `keep_per_name`; name other channels")
        if len(cleaned) > CHANNELS_LIMIT or not all(0 < len(channel) <= CHANNEL_CHARACTERS for channel in cleaned):
            raise PolicyInvalid(
                f"`channels` must be {CHANNELS_LIMIT} names at most, of 1 to {CHANNEL_CHARACTERS} characters"
            )
        if not all(map(is_plain, cleaned)):
            raise PolicyInvalid("`channels` must not have control characters")
        return cls(keep_per_name, keep_per_channel, older_than_days, cleaned)


class Release(Struct, frozen=True):
    """A release as a policy judges it: its channels and the time of its last upload."""

    ident: PackageIdent
    channels: frozenset[str]
    uploaded_at: str


class Verdict(Struct, frozen=True):
    """Why a release is kept (None: remove it); `detail` is the channel that keeps it, or the release that needs it."""

    release: Release
    kept_by: Reason | None
    detail: str = ""


def judge(policy: Policy, releases: Sequence[Release], uploaded_before: str) -> list[Verdict]:
    """Return the verdicts on the releases of one name and target, given newest first, without their dependents."""
    position = 0
    in_channels: Counter[str] = Counter()
    verdicts = []
    for release in releases:
        if version_key(release.ident.version) is None:
            verdicts.append(Verdict(release, Reason.UNORDERED))
            continue
        position += 1
        in_channels.update(release.channels)
        verdicts.append(_judged(policy, release, position, in_channels, uploaded_before))
    return verdicts


def _judged(
    policy: Policy, release: Release, position: int, in_channels: Counter[str], uploaded_before: str
) -> Verdict:
    """Return a verdict. `position` is 1 for the newest release; `in_channels` counts this and newer ones by channel."""
    if position == 1:
        return Verdict(release, Reason.NEWEST)
    for channel in sorted(release.channels - policy.channels - {UNSTABLE}):
        return Verdict(release, Reason.IN_CHANNEL, channel)
    for channel in sorted(release.channels & policy.channels):
        if in_channels[channel] <= policy.keep_per_channel:
            return Verdict(release, Reason.PER_CHANNEL, channel)
    if position <= policy.keep_per_name:
        return Verdict(release, Reason.PER_NAME)
    if release.uploaded_at >= uploaded_before:
        return Verdict(release, Reason.RECENT)
    return Verdict(release, None)
