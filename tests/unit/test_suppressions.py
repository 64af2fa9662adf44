"""Every comment that suppresses a finding of ruff or mypy says why the finding is wrong or accepted."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore)", re.IGNORECASE)
WITH_REASON = re.compile(r"# (noqa: [A-Z]+\d+(, [A-Z]+\d+)* - |type: ignore\[[a-z-]+(,[a-z-]+)*\]  # )\S.*")


def sources() -> Iterator[Path]:
    """The Python files of the repository."""
    yield REPOSITORY / "app.py"
    for folder in ("bldr", "chalicelib", "gateway", "infra", "local", "tests"):
        yield from sorted((REPOSITORY / folder).rglob("*.py"))


def without_reason(source: str) -> list[str]:
    """Return the comments that suppress a finding and do not name both the rule and the reason."""
    if SUPPRESSION.search(source) is None:
        return []
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return [each for each in comments if SUPPRESSION.search(each) and not WITH_REASON.fullmatch(each)]


def test_every_suppression_in_the_repository_has_a_reason() -> None:
    found = {str(path.relative_to(REPOSITORY)): without_reason(path.read_text()) for path in sources()}

    assert {path: comments for path, comments in found.items() if comments} == {}


@pytest.mark.parametrize(
    ("comment", "has_reason"),
    [
        ("# noqa: S603 - fixed arguments", True),
        ("# noqa: S603, S607 - git of the machine", True),
        ("# type: ignore[misc]  # botocore has no types", True),
        ("# type: ignore[assignment,misc]  # botocore has no types", True),
        ("# noqa", False),
        ("# noqa: S603", False),
        ("# noqa: S603 -", False),
        ("# noqa - fixed arguments", False),
        ("# type: ignore", False),
        ("# type: ignore[misc]", False),
        ("# type: ignore[misc] # noqa: S603 - fixed arguments", False),
        ("# type: ignore  # botocore has no types", False),
    ],
)
def test_a_reason_follows_the_rule(comment: str, has_reason: bool) -> None:
    assert without_reason(f"x = 1  {comment}\n") == ([] if has_reason else [comment])


def test_texts_are_not_comments() -> None:
    assert without_reason('x = "# noqa"\n') == []
