"""The encoded order of versions against the rule as the contract words it (packages.md section 3)."""

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
# at most 64 pieces: the rule below converts to integers, which Python bounds
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
    """Rules 1 to 3, word for word."""
    match = re.search(r"([0-9.]*[0-9]+)(.+)?", version, re.DOTALL)
    if match is None:
        return None
    return [int(element or "0") for element in match[1].split(".")], match[2]


def order_of_versions(a: str, b: str) -> int:
    """Rules 3 to 5: negative, zero or positive, as `a` is smaller, equal or larger."""
    (numbers_a, suffix_a), (numbers_b, suffix_b) = parsed(a), parsed(b)
    for one, other in zip(numbers_a, numbers_b, strict=False):
        if one != other:
            return 1 if one > other else -1
    if len(numbers_a) != len(numbers_b):
        return 1 if len(numbers_a) > len(numbers_b) else -1
    if suffix_a is None or suffix_b is None:
        return (suffix_a is None) - (suffix_b is None)
    return sign(suffix_a, suffix_b)


def compare(version_a: str, release_a: str, version_b: str, release_b: str) -> int:
    """Rule 6 on top; equal keys are told apart by the version's text, where the contract leaves it open."""
    return order_of_versions(version_a, version_b) or sign(release_a, release_b) or sign(version_a, version_b)


def sign(a: str, b: str) -> int:
    return (a.encode() > b.encode()) - (a.encode() < b.encode())


def encoded(version: str, release: str) -> bytes | None:
    key = release_key(version, release)
    return None if key is None else key.encode()


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
def test_the_examples_of_the_contract_are_read_as_written(version, numbers, suffix):
    assert parsed(version) == (numbers, suffix)
    plain = ".".join(map(str, numbers)) + (suffix or "")
    assert version_key(version) == version_key(plain)


@pytest.mark.parametrize("version", ["main", "", "...", "v.", "٣", "²", "latest-and-greatest"])
def test_a_version_without_an_ascii_digit_takes_no_part(version):
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
def test_larger_and_smaller(larger, smaller):
    assert version_key(larger).encode() > version_key(smaller).encode()
    assert release_key(larger, "1").encode() > release_key(smaller, "2").encode()


@pytest.mark.parametrize(
    ("one", "other"), [("v1.2", "1.2"), ("01.2", "1.2"), ("1..2", "1.0.2"), (".5", "0.5"), ("1.000", "1.0")]
)
def test_versions_of_equal_order_leave_it_to_the_release(one, other):
    assert version_key(one) == version_key(other)
    assert release_key(one, "20240101000001") > release_key(other, "20240101000000")
    assert release_key(one, "20240101000000") < release_key(other, "20240101000001")
    assert release_key(one, "20240101000000") != release_key(other, "20240101000000")


def test_releases_compare_as_bytes():
    assert release_key("1", "9") > release_key("1", "20240101000000")
    assert release_key("1", "20240101000000-x") > release_key("1", "20240101000000")


@given(VERSIONS, RELEASES, VERSIONS, RELEASES)
def test_keys_sort_as_the_rule_says(version_a, release_a, version_b, release_b):
    if parsed(version_a) is None or parsed(version_b) is None:
        assert encoded(version_a, release_a) is None or encoded(version_b, release_b) is None
        return
    one, other = encoded(version_a, release_a), encoded(version_b, release_b)
    assert (one > other) - (one < other) == compare(version_a, release_a, version_b, release_b)
    assert (version_key(version_a) == version_key(version_b)) == (order_of_versions(version_a, version_b) == 0)


@given(VERSIONS)
def test_only_versions_without_a_digit_have_no_key(version):
    assert (version_key(version) is None) == (parsed(version) is None)


@given(st.sets(st.tuples(VERSIONS, RELEASES), max_size=20))
def test_no_two_idents_share_a_key(idents):
    keys = [key for key in (release_key(*ident) for ident in idents) if key is not None]
    assert len(set(keys)) == len(keys)


@given(VERSIONS, RELEASES)
def test_releases_of_a_version_share_its_key_as_prefix(version, release):
    order = version_key(version)
    if order is not None:
        assert release_key(version, release).startswith(order)


@given(VERSIONS, RELEASES, VERSIONS)
def test_the_prefix_finds_no_version_of_another_order(version, release, other):
    order, key = version_key(version), release_key(other, release)
    if order is not None and key is not None and key.startswith(order):
        assert version_key(other) == order


@given(st.integers(0, 10**400), st.integers(0, 10**400))
def test_numbers_of_any_size_keep_their_order(one, other):
    assert (version_key(str(one)) < version_key(str(other))) == (one < other)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_keys_stay_about_as_long_as_their_versions(version):
    key = version_key(version)
    if key is not None:
        assert len(key.encode()) <= 1.12 * len(version.encode()) + 4


@pytest.mark.parametrize(("piece", "end"), [(".", ""), ("1", ""), ("1.", ""), (".x", ""), ("0", "x"), (".", "1")])
def test_absurd_versions_cost_no_more_than_their_length(piece, end):
    assert growth(version_key, piece * 2_000 + end, piece * 16_000 + end) < 3 * 8


def versions_of_packages() -> list[str]:
    """Versions in all forms that packages have, and those of real packages where they lie beside the repository."""
    found = {version for plan in generate(1) for version in plan.versions}
    if REAL_VERSIONS.is_file():
        real = json.loads(REAL_VERSIONS.read_text())
        found |= {entry["version"] for package in real for entry in package["versions"]}
    return sorted(found)


def test_versions_of_packages_sort_as_the_rule_says():
    ordered = [(version, "20240101000000") for version in versions_of_packages() if parsed(version) is not None]
    assert len(ordered) > 1_000
    random.Random(3).shuffle(ordered)
    by_key = sorted(ordered, key=lambda ident: encoded(*ident))
    by_rule = sorted(ordered, key=functools.cmp_to_key(lambda a, b: compare(*a, *b)))
    assert by_key == by_rule
    assert all(encoded(*a) < encoded(*b) for a, b in pairwise(by_key))
