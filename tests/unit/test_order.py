"""The files that a test run starts first exist."""

from tests.builders.stack import REPOSITORY
from tests.order import LONGEST


def test_the_longest_files_exist() -> None:
    assert [name for name in LONGEST if not (REPOSITORY / name).exists()] == []
