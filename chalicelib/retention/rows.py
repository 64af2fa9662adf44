"""Rows of retention policies and deprecations.

All policies stand in one partition by origin, so that whoever applies them finds them with one Query.
"""

import json

from chalicelib.platform.attributes import Action, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, Row, partition
from chalicelib.retention.errors import PolicyGone
from chalicelib.retention.policy import Policy

POLICIES = partition("RETENTION")


class PolicyRow(Row):
    """An origin's retention policy and how far the present pass came; `revision` is new with every policy.

    `removed` counts the packages of the present pass, or of the last one when none is under way.
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
        """Whose policy it is."""
        return self.sk

    @property
    def policy(self) -> Policy:
        """What it says."""
        return Policy(
            int(self.keep_per_name),
            int(self.keep_per_channel),
            int(self.older_than_days),
            frozenset(json.loads(self.channels)),
        )


def policy_key(origin: str) -> Key[PolicyRow]:
    """Where an origin's retention policy stands."""
    return Key(PolicyRow, POLICIES, origin)


def note_begun(row: PolicyRow, at: str) -> None:
    """A run has turned to the origin. Raises PolicyGone when the policy is another by now."""
    _note(row, PolicyRow.begun_at.set(at))


def note_progress(row: PolicyRow, removed: int, cursor: str) -> None:
    """The pass goes on behind the name `cursor`. Raises PolicyGone."""
    _note(row, PolicyRow.removed.set(removed), PolicyRow.cursor.set(cursor))


def note_finished(row: PolicyRow, removed: int, at: str) -> None:
    """The pass is at its end. Raises PolicyGone."""
    _note(row, PolicyRow.removed.set(removed), PolicyRow.cursor.remove(), PolicyRow.finished_at.set(at))


def _note(row: PolicyRow, *actions: Action) -> None:
    change = Change()
    change.update(Key(PolicyRow, row.pk, row.sk), actions, PolicyRow.revision == row.revision, PolicyGone())
    change.commit()
