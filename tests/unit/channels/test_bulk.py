"""How a bulk change is divided into transactions."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.bulk.moves import SHARED_ROWS, Move, batches, position_after, position_before_last
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform.change import TRANSACTION_LIMIT

TARGETS = st.lists(st.sampled_from(list(Target)), min_size=1, unique=True).map(tuple)
MOVES = st.lists(TARGETS, max_size=120).map(
    lambda several: [Move(PackageIdent("o", "n", "1", str(number)), targets) for number, targets in enumerate(several)]
)


@given(MOVES)
def test_transactions_hold_their_moves_and_keep_the_order(moves: list[Move]) -> None:
    divided = list(batches(moves))

    assert [move for batch in divided for move in batch] == moves
    assert all(SHARED_ROWS + sum(move.size for move in batch) <= TRANSACTION_LIMIT for batch in divided)


@given(MOVES)
def test_transactions_are_full(moves: list[Move]) -> None:
    for batch, following in pairwise(batches(moves)):
        assert SHARED_ROWS + sum(move.size for move in [*batch, following[0]]) > TRANSACTION_LIMIT


def test_without_moves_there_is_no_batch() -> None:
    assert list(batches([])) == []


def a_move(name: str) -> Move:
    return Move(PackageIdent("o", name, "1", "1"), (Target.X86_64_LINUX,))


def test_a_change_continues_behind_the_last_name_that_is_complete() -> None:
    assert position_before_last([a_move("a"), a_move("b"), a_move("c")]) == position_after("b")
    assert position_before_last([a_move("a"), a_move("a")]) is None


@given(st.text("abz-.0/~", min_size=1).filter(lambda name: "/" not in name), st.text("abz-.0", min_size=1))
def test_the_position_behind_a_name_is_behind_its_rows_and_not_behind_those_of_others(name: str, other: str) -> None:
    position = position_after(name)

    assert f"{name}/1/2" < position
    if other != name:
        assert (f"{other}/1/2" < position) == (f"{other}/1/2" < f"{name}/1/2")


def test_a_transaction_moves_32_packages_for_one_target() -> None:
    moves = [Move(PackageIdent("o", "n", "1", str(number)), (Target.X86_64_LINUX,)) for number in range(70)]

    assert [len(batch) for batch in batches(moves)] == [32, 32, 6]
