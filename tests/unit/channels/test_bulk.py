"""How a bulk change is cut into transactions."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.bulk.service import SHARED_ROWS, Move, _batches
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform.change import TRANSACTION_LIMIT

TARGETS = st.lists(st.sampled_from(list(Target)), min_size=1, unique=True).map(tuple)
MOVES = st.lists(TARGETS, max_size=120).map(
    lambda several: [Move(PackageIdent("o", "n", "1", str(number)), targets) for number, targets in enumerate(several)]
)


@given(MOVES)
def test_every_move_is_in_one_transaction_that_holds_it_and_they_keep_their_order(moves: list[Move]) -> None:
    batches = _batches(moves)

    assert [move for batch in batches for move in batch] == moves
    assert all(SHARED_ROWS + sum(move.size for move in batch) <= TRANSACTION_LIMIT for batch in batches)


@given(MOVES)
def test_no_transaction_ends_before_it_is_full(moves: list[Move]) -> None:
    batches = _batches(moves)

    for batch, following in pairwise(batches):
        assert SHARED_ROWS + sum(move.size for move in [*batch, following[0]]) > TRANSACTION_LIMIT


def test_nothing_to_move_is_one_transaction_for_the_record() -> None:
    assert _batches([]) == [[]]


def test_usual_releases_go_by_24() -> None:
    moves = [Move(PackageIdent("o", "n", "1", str(number)), (Target.X86_64_LINUX,)) for number in range(50)]

    assert [len(batch) for batch in _batches(moves)] == [24, 24, 2]
