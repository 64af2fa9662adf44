"""Sort keys of versions, compared with the rules of the contract (packages.md section 3)."""

import functools
import json
import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.version_order import release_key, version_key
from local.seed.package_graph import generate
from tests.builders.cost import growth
from tests.builders.reference import REFERENCE

REAL_VERSIONS = REFERENCE / "core-plans-versions.json"

PIECES = [
    "0",
    "1",
    "2",
    "9",
    "10",
    "007",
    "123456789",
    "1" * 17,
    "2" * 18,
    ".",
    "..",
    "-",
    "~",
    "rc1",
    "v",
    "é",
    "😀",
    "!",
    " ",
]
# Few pieces, because the reference below converts digits with `int`, which Python limits.
VERSIONS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    st.from_regex(r"[0-9.]{1,8}[a-z.~-]{0,3}", fullmatch=True),
)
RELEASES = st.one_of(
    st.sampled_from(["20240101000000", "20240101000001", "2", "20", "~", "é"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5),
)


def parsed(version: str) -> tuple[list[int], str | None] | None:
    """Return numbers and suffix by rules 1 to 3, or None for a version without a digit."""
    match = re.search(r"([0-9.]*[0-9]+)(.+)?", version, re.DOTALL)
    if match is None:
        return None
    return [int(element or "0") for element in match[1].split(".")], match[2]


def order_of_versions(a: str, b: str) -> int:
    """Compare by rules 3 to 5: negative, zero or positive if `a` is smaller, equal or larger."""
    parts_a, parts_b = parsed(a), parsed(b)
    assert parts_a is not None
    assert parts_b is not None
    (numbers_a, suffix_a), (numbers_b, suffix_b) = parts_a, parts_b
    for one, other in zip(numbers_a, numbers_b, strict=False):
        if one != other:
            return 1 if one > other else -1
    if len(numbers_a) != len(numbers_b):
        return 1 if len(numbers_a) > len(numbers_b) else -1
    if suffix_a is None or suffix_b is None:
        return (suffix_a is None) - (suffix_b is None)
    return sign(suffix_a, suffix_b)


def compare(version_a: str, release_a: str, version_b: str, release_b: str) -> int:
    """Compare by all rules; where the contract leaves the order open, compare the texts of the versions."""
    return order_of_versions(version_a, version_b) or sign(release_a, release_b) or sign(version_a, version_b)


def compare_idents(a: tuple[str, str], b: tuple[str, str]) -> int:
    return compare(*a, *b)


def sign(a: str, b: str) -> int:
    return (a.encode() > b.encode()) - (a.encode() < b.encode())


def order_of(version: str) -> str:
    key = version_key(version)
    assert key is not None
    return key


def full_order_of(version: str, release: str) -> str:
    key = release_key(version, release)
    assert key is not None
    return key


@pytest.mark.parametrize(
    ("version", "numbers", "suffix"),
    [
        ("v4.5.6-main", [4, 5, 6], "-main"),
        ("r12b03-2", [12], "b03-2"),
        ("8u191", [8], "u191"),
        ("1.1.0k", [1, 1, 0], "k"),
        ("0.1~pre7", [0, 1], "~pre7"),
        ("7.2.0.", [7, 2, 0], "."),
        ("7.2.0.dev-x", [7, 2, 0], ".dev-x"),
        ("5", [5], None),
        ("2024-01-31", [2024], "-01-31"),
    ],
)
def test_the_examples_of_the_contract(version: str, numbers: list[int], suffix: str | None) -> None:
    assert parsed(version) == (numbers, suffix)
    plain = ".".join(map(str, numbers)) + (suffix or "")
    assert version_key(version) == version_key(plain)


@pytest.mark.parametrize("version", ["main", "", "...", "v.", "٣", "²", "latest-and-greatest"])
def test_a_version_without_an_ascii_digit_has_no_key(version: str) -> None:
    assert version_key(version) is None
    assert release_key(version, "20240101000000") is None


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [
        ("r12b03-2", "r9z-1"),
        ("7.2.0.dev-x", "7.2.0."),
        ("7.2.0.", "7.1.9-a"),
        ("1.10", "1.9"),
        ("20.30-7", "20.30-15"),
        ("1.2.0", "1.2"),
        ("3.0.1", "3.0.1-rc1"),
        ("3.0.1", "3.0.1k"),
        ("1.0-beta9", "1.0-beta10"),
        ("1.1.0k", "1.1.0b"),
        ("1.x", "1."),
        ("1.2.0-rc1", "1.2"),
        ("1", ".5"),
        ("1..2", "1"),
        ("1.0.1", "1..0"),
        ("10000000000000000000000000", "9999999999999999999999999"),
        ("1.0~", "1.0-"),
        ("1.0", "1.0~~~~"),
        ("1.0-é", "1.0-z"),
        ("1.0-😀", "1.0-\uffee"),
    ],
)
def test_a_larger_version_has_a_larger_key(larger: str, smaller: str) -> None:
    assert order_of(larger).encode() > order_of(smaller).encode()
    assert full_order_of(larger, "1").encode() > full_order_of(smaller, "2").encode()


@pytest.mark.parametrize(
    ("one", "other"), [("v1.2", "1.2"), ("01.2", "1.2"), ("1..2", "1.0.2"), (".5", "0.5"), ("1.000", "1.0")]
)
def test_releases_decide_between_versions_that_tie(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)
    assert full_order_of(one, "20240101000001") > full_order_of(other, "20240101000000")
    assert full_order_of(one, "20240101000000") < full_order_of(other, "20240101000001")
    assert release_key(one, "20240101000000") != release_key(other, "20240101000000")


def test_releases_compare_as_bytes() -> None:
    assert full_order_of("1", "9") > full_order_of("1", "20240101000000")
    assert full_order_of("1", "20240101000000-x") > full_order_of("1", "20240101000000")


@given(VERSIONS, RELEASES, VERSIONS, RELEASES)
def test_keys_sort_by_the_rules(version_a: str, release_a: str, version_b: str, release_b: str) -> None:
    if parsed(version_a) is None or parsed(version_b) is None:
        assert release_key(version_a, release_a) is None or release_key(version_b, release_b) is None
        return
    one, other = full_order_of(version_a, release_a).encode(), full_order_of(version_b, release_b).encode()
    assert (one > other) - (one < other) == compare(version_a, release_a, version_b, release_b)
    assert (version_key(version_a) == version_key(version_b)) == (order_of_versions(version_a, version_b) == 0)


@given(VERSIONS)
def test_only_versions_without_a_digit_have_no_key(version: str) -> None:
    assert (version_key(version) is None) == (parsed(version) is None)


@given(st.sets(st.tuples(VERSIONS, RELEASES), max_size=20))
def test_different_idents_have_different_keys(idents: set[tuple[str, str]]) -> None:
    keys = [key for key in (release_key(*ident) for ident in idents) if key is not None]
    assert len(set(keys)) == len(keys)


@given(VERSIONS, RELEASES)
def test_the_key_of_a_version_is_a_prefix_of_the_keys_of_its_releases(version: str, release: str) -> None:
    order = version_key(version)
    if order is not None:
        assert full_order_of(version, release).startswith(order)


@given(VERSIONS, RELEASES, VERSIONS)
def test_the_prefix_matches_only_versions_that_tie(version: str, release: str, other: str) -> None:
    order, key = version_key(version), release_key(other, release)
    if order is not None and key is not None and key.startswith(order):
        assert version_key(other) == order


@given(st.integers(0, 10**400), st.integers(0, 10**400))
def test_numbers_of_any_size_keep_their_order(one: int, other: int) -> None:
    assert (order_of(str(one)) < order_of(str(other))) == (one < other)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_keys_are_hardly_longer_than_their_versions(version: str) -> None:
    key = version_key(version)
    if key is not None:
        assert len(key.encode()) <= 1.12 * len(version.encode()) + 4


@pytest.mark.parametrize(("piece", "end"), [(".", ""), ("1", ""), ("1.", ""), (".x", ""), ("0", "x"), (".", "1")])
def test_the_time_for_a_key_is_linear(piece: str, end: str) -> None:
    assert growth(version_key, piece * 2_000 + end, piece * 16_000 + end) < 3 * 8


def versions_of_packages() -> list[str]:
    """Return versions in all forms that packages use, and those of real packages if they are available."""
    versions = {version for plan in generate(1) for version in plan.versions}
    if REAL_VERSIONS.is_file():
        real = json.loads(REAL_VERSIONS.read_text())
        versions |= {entry["version"] for package in real for entry in package["versions"]}
    return sorted(versions)


def test_versions_of_packages_sort_by_the_rules() -> None:
    idents = [(version, "20240101000000") for version in versions_of_packages() if parsed(version) is not None]
    assert len(idents) > 1_000
    random.Random(3).shuffle(idents)
    by_rule = sorted(idents, key=functools.cmp_to_key(compare_idents))
    keys = [full_order_of(*ident).encode() for ident in by_rule]
    assert all(one < other for one, other in pairwise(keys))
