"""Rows of the entries of job groups."""

from chalicelib.builds.rows.groups import group_partition
from chalicelib.core.builds.build_states import EntryState
from chalicelib.platform.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from chalicelib.platform.row import Key, Row


class EntryRow(Row):
    """One project of a job group. The sort keys are in build order.

    `waiting` holds the orders of the entries that must complete first, a transitive reduction of the dependencies
    within the group; DynamoDB removes the attribute with its last element. `dependents` holds the opposite edges,
    joined by spaces. `weight` is the length of the longest path of dependents, weighted with earlier build times.
    `is_passed_on` is True once all dependents know about the final state. `ident` is the latest release that the build
    graph knew when the group was made, and `was_deleted` is True if that package did not exist any more.
    """

    name = UnicodeAttribute()
    state = UnicodeAttribute()
    ident = UnicodeAttribute(default="")
    was_deleted = BooleanAttribute(default=False)
    built_ident = UnicodeAttribute(default="")
    job_id = NumberAttribute(default=0)
    waiting = UnicodeSetAttribute(null=True)
    dependents = UnicodeAttribute(default="")
    weight = NumberAttribute(default=0)
    is_passed_on = BooleanAttribute(default=False)

    @property
    def order(self) -> str:
        """The position in the group, six digits."""
        return self.sk.partition("#")[2]

    @property
    def entry_state(self) -> EntryState:
        """The state, parsed."""
        return EntryState(self.state)


ENTRY_PREFIX = "ENTRY#"


def order_text(position: int) -> str:
    """Return the order of the entry at a position from 0."""
    return f"{position:06d}"


def entry_key(group_id: int, order: str) -> Key[EntryRow]:
    """Key of an entry."""
    return Key(EntryRow, group_partition(group_id), ENTRY_PREFIX + order)
