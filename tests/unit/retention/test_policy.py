"""What a retention policy keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.ident import PackageIdent
from chalicelib.core.version_order import release_key, version_key
from chalicelib.retention.errors import PolicyInvalid
from chalicelib.retention.policy import Policy, Reason, Release, judge

OLD, CUTOFF, YOUNG = "2024-01-01T00:00:00.000000", "2024-02-01T00:00:00.000000", "2024-03-01T00:00:00.000000"
CHANNELS = ["unstable", "stable", "dev", "nightly"]


def releases(*given, version="1.{}"):
    """Newest first; each is (channels, time of the upload) or only the channels."""
    made = []
    for number, (channels, uploaded) in enumerate(given):
        ident = PackageIdent("acme", "tool", version.format(len(given) - number), "1")
        made.append(Release(ident, frozenset(channels.split()) | {"unstable"}, uploaded))
    return made


def kept(policy, found):
    return [verdict.kept_by for verdict in judge(policy, found, CUTOFF)]


def test_the_newest_of_a_name_always_stays():
    found = releases(("", OLD), ("", OLD), ("", OLD))

    assert kept(Policy(1, 1, 0), found) == [Reason.NEWEST, None, None]


def test_so_many_of_a_name_stay():
    assert kept(Policy(2, 1, 0), releases(("", OLD), ("", OLD), ("", OLD))) == [Reason.NEWEST, Reason.PER_NAME, None]


def test_what_is_young_stays():
    found = releases(("", OLD), ("", YOUNG), ("", CUTOFF), ("", OLD))

    assert kept(Policy(1, 1, 30), found) == [Reason.NEWEST, Reason.RECENT, Reason.RECENT, None]


def test_what_is_in_a_channel_stays_and_counts_among_the_newest():
    found = releases(("", OLD), ("stable", OLD), ("", OLD))
    verdicts = judge(Policy(2, 1, 0), found, CUTOFF)

    assert [verdict.kept_by for verdict in verdicts] == [Reason.NEWEST, Reason.IN_CHANNEL, None]
    assert verdicts[1].detail == "stable"


def test_of_a_named_channel_only_the_newest_stay():
    policy = Policy(1, 2, 0, frozenset({"dev"}))
    found = releases(("", OLD), ("dev", OLD), ("", OLD), ("dev", OLD), ("dev", OLD), ("dev stable", OLD))

    expected = [Reason.NEWEST, Reason.PER_CHANNEL, None, Reason.PER_CHANNEL, None, Reason.IN_CHANNEL]
    assert kept(policy, found) == expected


def test_what_has_no_place_in_the_order_stays_and_is_nobodys_newest():
    found = [*releases(("", OLD), ("", OLD)), *releases(("", OLD), version="main")]

    assert kept(Policy(1, 1, 0), found) == [Reason.NEWEST, None, Reason.UNORDERED]


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
        (1, 1, 1, map(str, range(21))),
    ],
)
def test_policies_that_would_remove_what_must_stay_are_refused(per_name, per_channel, days, channels):
    with pytest.raises(PolicyInvalid):
        Policy.checked(per_name, per_channel, days, channels)


VERSIONS = st.sampled_from(["1.0", "1.1", "1.2", "1.10", "2.0", "2.0-rc1", "main", "next"])
RELEASES = st.builds(
    lambda version, release, channels, uploaded: Release(
        PackageIdent("acme", "tool", version, release), channels | {"unstable"}, uploaded
    ),
    VERSIONS,
    st.sampled_from("123"),
    st.frozensets(st.sampled_from(CHANNELS)),
    st.sampled_from([OLD, YOUNG]),
)
LISTS = st.lists(RELEASES, max_size=12, unique_by=lambda release: release.ident).map(
    lambda found: sorted(
        found, key=lambda each: release_key(each.ident.version, each.ident.release) or "", reverse=True
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
def test_what_goes_is_old_and_kept_by_no_number_and_no_channel(policy, found):
    ordered = [release for release in found if version_key(release.ident.version) is not None]
    verdicts = judge(policy, found, CUTOFF)

    assert [verdict.release for verdict in verdicts] == found
    for release, kept_by, _ in verdicts:
        if kept_by is None:
            assert release in ordered[policy.keep_per_name :]
            assert release.uploaded_at < CUTOFF
            assert release.channels <= {"unstable"} | policy.channels
            for channel in release.channels - {"unstable"}:
                newer = [each for each in ordered[: ordered.index(release)] if channel in each.channels]
                assert len(newer) >= policy.keep_per_channel


@given(POLICIES, LISTS)
def test_a_second_pass_finds_nothing_more(policy, found):
    left = [verdict.release for verdict in judge(policy, found, CUTOFF) if verdict.kept_by is not None]

    assert all(verdict.kept_by is not None for verdict in judge(policy, left, CUTOFF))


@given(POLICIES, LISTS)
def test_a_greater_policy_never_removes_more(policy, found):
    greater = Policy(policy.keep_per_name + 1, policy.keep_per_channel + 1, policy.older_than_days, policy.channels)
    going = {verdict.release.ident for verdict in judge(policy, found, CUTOFF) if verdict.kept_by is None}

    for verdict in judge(greater, found, CUTOFF):
        assert verdict.kept_by is not None or verdict.release.ident in going
