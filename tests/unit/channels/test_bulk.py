"""How a bulk change is divided into transactions."""

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
def test_transactions_hold_their_moves_and_keep_the_order(moves: list[Move]) -> None:
    batches = _batches(moves)

    assert [move for batch in batches for move in batch] == moves
    assert all(SHARED_ROWS + sum(move.size for move in batch) <= TRANSACTION_LIMIT for batch in batches)


@given(MOVES)
def test_transactions_are_full(moves: list[Move]) -> None:
    batches = _batches(moves)

    for batch, following in pairwise(batches):
        assert SHARED_ROWS + sum(move.size for move in [*batch, following[0]]) > TRANSACTION_LIMIT


def test_without_moves_there_is_one_transaction_for_the_audit_row() -> None:
    assert _batches([]) == [[]]


def test_a_transaction_moves_32_packages_for_one_target() -> None:
    moves = [Move(PackageIdent("o", "n", "1", str(number)), (Target.X86_64_LINUX,)) for number in range(70)]

    assert [len(batch) for batch in _batches(moves)] == [32, 32, 6]
