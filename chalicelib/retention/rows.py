"""Rows of retention policies.

All policies are in one partition, by origin, so that the schedule finds them with one Query.
"""

import json

from chalicelib.platform.attributes import Action, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row, partition
from chalicelib.retention.errors import PolicyGone
from chalicelib.retention.policy import Policy

POLICIES = partition("RETENTION")


class PolicyRow(Row):
    """An origin's retention policy and the progress of its current pass. Every new policy gets a new `revision`.

    `removed` counts the packages removed in the current pass, or in the last one if none is in progress. `cursor` is
    the package name after which an unfinished pass continues.
    """

    keep_per_name = NumberAttribute()
    keep_per_channel = NumberAttribute()
    older_than_days = NumberAttribute()
    channels = UnicodeAttribute()
    revision = NumberAttribute()
    set_by_id = NumberAttribute()
    set_by = UnicodeAttribute()
    set_at = UnicodeAttribute()
    cursor = UnicodeAttribute(null=True)
    begun_at = UnicodeAttribute(null=True)
    finished_at = UnicodeAttribute(null=True)
    removed = NumberAttribute(default=0)

    @property
    def origin(self) -> str:
        """The origin that the policy is for."""
        return self.sk

    @property
    def policy(self) -> Policy:
        """The policy's values."""
        return Policy(
            int(self.keep_per_name),
            int(self.keep_per_channel),
            int(self.older_than_days),
            frozenset(json.loads(self.channels)),
        )


def policy_key(origin: str) -> Key[PolicyRow]:
    """Return the key of an origin's retention policy."""
    return Key(PolicyRow, POLICIES, origin)


def note_begun(row: PolicyRow, at: str) -> None:
    """Store the start of a run on the origin. Raises PolicyGone if the policy is no longer the one in `row`."""
    _note(row, PolicyRow.begun_at.set(at))


def note_progress(row: PolicyRow, removed: int, cursor: str) -> None:
    """Store that the pass continues after the name `cursor`. Raises PolicyGone."""
    _note(row, PolicyRow.removed.set(removed), PolicyRow.cursor.set(cursor))


def note_finished(row: PolicyRow, removed: int, at: str) -> None:
    """Store that the pass is finished. Raises PolicyGone."""
    _note(row, PolicyRow.removed.set(removed), PolicyRow.cursor.remove(), PolicyRow.finished_at.set(at))


def _note(row: PolicyRow, *actions: Action) -> None:
    with Change() as change:
        change.update(Key(PolicyRow, row.pk, row.sk), actions, PolicyRow.revision == row.revision, PolicyGone())
