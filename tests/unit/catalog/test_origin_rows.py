"""What belongs to one life of an origin."""

from datetime import timedelta

from chalicelib.catalog.origin_rows import OriginRow, has_made
from chalicelib.platform.clock import RANDOM_BITS, new_id, now


def an_origin_row(origin_id: int) -> OriginRow:
    return OriginRow("ORIGIN#acme", "ORIGIN", id=origin_id)


def test_what_is_older_than_an_origin_was_made_in_a_deleted_one() -> None:
    moment = now()
    before, after = new_id(moment - timedelta(seconds=1)), new_id(moment + timedelta(seconds=1))
    origin = an_origin_row(new_id(moment))

    assert (has_made(origin, before), has_made(origin, after)) == (False, True)


def test_ids_of_one_millisecond_are_in_no_order() -> None:
    first = new_id() >> RANDOM_BITS << RANDOM_BITS

    assert has_made(an_origin_row(first + 1), first)


def test_an_origin_that_does_not_exist_has_made_nothing() -> None:
    assert not has_made(None, new_id())
