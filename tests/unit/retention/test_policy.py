"""Which releases a retention policy keeps."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.ident import PackageIdent
from chalicelib.core.version_order import release_key, version_key
from chalicelib.retention.errors import PolicyInvalid
from chalicelib.retention.policy import Policy, Reason, Release, judge

OLD, CUTOFF, YOUNG = "2024-01-01T00:00:00.000000", "2024-02-01T00:00:00.000000", "2024-03-01T00:00:00.000000"
CHANNELS = ["unstable", "stable", "dev", "nightly"]


def some_releases(*described: tuple[str, str], version: str = "1.{}") -> list[Release]:
    """Releases of a name, newest first, from their channels (separated by blanks) and times of upload."""
    return [
        Release(
            PackageIdent("acme", "tool", version.format(len(described) - number), "1"),
            frozenset(channels.split()) | {"unstable"},
            uploaded_at,
        )
        for number, (channels, uploaded_at) in enumerate(described)
    ]


def reasons(policy: Policy, releases: Sequence[Release]) -> list[Reason | None]:
    """The reason why each release is kept, None for those to remove."""
    return [verdict.kept_by for verdict in judge(policy, releases, CUTOFF)]


def test_the_newest_of_a_name_is_always_kept() -> None:
    releases = some_releases(("", OLD), ("", OLD), ("", OLD))

    assert reasons(Policy(1, 1, 0), releases) == [Reason.NEWEST, None, None]


def test_keep_per_name_keeps_that_many_newest_releases() -> None:
    releases = some_releases(("", OLD), ("", OLD), ("", OLD))

    assert reasons(Policy(2, 1, 0), releases) == [Reason.NEWEST, Reason.PER_NAME, None]


def test_recently_uploaded_releases_are_kept() -> None:
    releases = some_releases(("", OLD), ("", YOUNG), ("", CUTOFF), ("", OLD))

    assert reasons(Policy(1, 1, 30), releases) == [Reason.NEWEST, Reason.RECENT, Reason.RECENT, None]


def test_releases_in_a_channel_are_kept_and_count_among_the_newest() -> None:
    verdicts = judge(Policy(2, 1, 0), some_releases(("", OLD), ("stable", OLD), ("", OLD)), CUTOFF)

    assert [verdict.kept_by for verdict in verdicts] == [Reason.NEWEST, Reason.IN_CHANNEL, None]
    assert verdicts[1].detail == "stable"


def test_a_cleaned_channel_keeps_its_newest_releases_only() -> None:
    policy = Policy(1, 2, 0, frozenset({"dev"}))
    releases = some_releases(("", OLD), ("dev", OLD), ("", OLD), ("dev", OLD), ("dev", OLD), ("dev stable", OLD))

    expected = [Reason.NEWEST, Reason.PER_CHANNEL, None, Reason.PER_CHANNEL, None, Reason.IN_CHANNEL]
    assert reasons(policy, releases) == expected


def test_a_version_without_an_order_is_kept_and_is_not_the_newest() -> None:
    releases = [*some_releases(("", OLD), ("", OLD)), *some_releases(("", OLD), version="main")]

    assert reasons(Policy(1, 1, 0), releases) == [Reason.NEWEST, None, Reason.UNORDERED]


@pytest.mark.parametrize(
    ("per_name", "per_channel", "days", "channels"),
    [
        (0, 1, 1, []),
        (-1, 1, 1, []),
        (1, 0, 1, []),
        (1, 1, -1, []),
        (1, 1, 36_501, []),
        (1, 1, 1, ["stable"]),
        (1, 1, 1, ["unstable"]),
        (10**40, 1, 1, []),
        (1, 10**40, 1, []),
        (1, 1, 1, [""]),
        (1, 1, 1, ["x" * 256]),
        (1, 1, 1, ["a\nb"]),
        (1, 1, 1, ["\u202ea"]),
        (1, 1, 1, map(str, range(21))),
    ],
)
def test_values_out_of_range_and_protected_channels_are_refused(
    per_name: int, per_channel: int, days: int, channels: Iterable[str]
) -> None:
    with pytest.raises(PolicyInvalid):
        Policy.checked(per_name, per_channel, days, channels)


VERSIONS = st.sampled_from(["1.0", "1.1", "1.2", "1.10", "2.0", "2.0-rc1", "main", "next"])
RELEASES = st.builds(
    lambda version, release, channels, uploaded_at: Release(
        PackageIdent("acme", "tool", version, release), channels | {"unstable"}, uploaded_at
    ),
    VERSIONS,
    st.sampled_from("123"),
    st.frozensets(st.sampled_from(CHANNELS)),
    st.sampled_from([OLD, YOUNG]),
)
LISTS = st.lists(RELEASES, max_size=12, unique_by=lambda release: release.ident).map(
    lambda releases: sorted(
        releases, key=lambda each: release_key(each.ident.version, each.ident.release) or "", reverse=True
    )
)
POLICIES = st.builds(
    Policy,
    st.integers(1, 4),
    st.integers(1, 4),
    st.just(30),
    st.frozensets(st.sampled_from(["dev", "nightly"])),
)


@given(POLICIES, LISTS)
def test_no_rule_keeps_a_removed_release(policy: Policy, releases: list[Release]) -> None:
    ordered = [release for release in releases if version_key(release.ident.version) is not None]
    verdicts = judge(policy, releases, CUTOFF)

    assert [verdict.release for verdict in verdicts] == releases
    for release in (verdict.release for verdict in verdicts if verdict.kept_by is None):
        assert release in ordered[policy.keep_per_name :]
        assert release.uploaded_at < CUTOFF
        assert release.channels <= {"unstable"} | policy.channels
        for channel in release.channels - {"unstable"}:
            newer = [each for each in ordered[: ordered.index(release)] if channel in each.channels]
            assert len(newer) >= policy.keep_per_channel


@given(POLICIES, LISTS)
def test_a_second_pass_removes_nothing_more(policy: Policy, releases: list[Release]) -> None:
    left = [verdict.release for verdict in judge(policy, releases, CUTOFF) if verdict.kept_by is not None]

    assert all(verdict.kept_by is not None for verdict in judge(policy, left, CUTOFF))


@given(POLICIES, LISTS)
def test_a_policy_with_larger_numbers_removes_no_further_release(policy: Policy, releases: list[Release]) -> None:
    larger = Policy(policy.keep_per_name + 1, policy.keep_per_channel + 1, policy.older_than_days, policy.channels)
    removed = {verdict.release.ident for verdict in judge(policy, releases, CUTOFF) if verdict.kept_by is None}

    for verdict in judge(larger, releases, CUTOFF):
        assert verdict.kept_by is not None or verdict.release.ident in removed
