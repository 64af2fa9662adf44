"""Rows that limit how many jobs run at once: each running job occupies some."""

from chalicelib.core.target import Target
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition


class SlotRow(Row):
    """A slot of an origin or of a target that a running job occupies, which limits how many run at once.

    Jobs that workers of one origin hold have separate slots. So an account with many origins and many workers cannot
    occupy the slots of the workers that all origins share.

    `worker_id` is the worker of the job, as in `JobRow`.
    """

    job_id = NumberAttribute()
    origin = UnicodeAttribute()
    worker_id = UnicodeAttribute(default="")


ORIGIN_SLOT, TARGET_SLOT, OWN_SLOT = "ORIGIN#", "TARGET#", "WORKERS-OF#"
"""Beginnings of the sort keys of slots. OWN_SLOT follows the others, which are read without it."""


def slots_partition(target: Target) -> str:
    """Partition of the slots that running jobs of a target occupy."""
    return partition("SLOTS", target)


def origin_slot_key(target: Target, origin: str, number: int) -> Key[SlotRow]:
    """Key of a slot of an origin."""
    return Key(SlotRow, slots_partition(target), f"{ORIGIN_SLOT}{origin}#{number:04d}")


def own_slot_key(target: Target, origin: str, number: int) -> Key[SlotRow]:
    """Key of a slot for the workers of an origin itself, which do not share the slots of the target."""
    return Key(SlotRow, slots_partition(target), f"{OWN_SLOT}{origin}#{number:04d}")


def target_slot_key(target: Target, number: int) -> Key[SlotRow]:
    """Key of a slot of a target."""
    return Key(SlotRow, slots_partition(target), f"{TARGET_SLOT}{number:04d}")
