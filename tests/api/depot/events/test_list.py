"""GET /depot/events: promotions and demotions (packages.md 11, platform.md 2.3)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.catalog.events import event_folding, event_rows
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.events import service
from chalicelib.platform.change import Change
from tests.api.client import Depot, Reply
from tests.builders.lifetimes import SHARED
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import WINDOWS, a_release, change_channel, promoted, with_visibility
from tests.perf.calls import counted_calls

EVER = {"from_date": "2000-01-01", "to_date": "2999-12-31"}


def events(depot: Depot, by: str | None = None, **query: Any) -> Reply:
    return depot.get("/depot/events", by=by, query={**EVER, **query})


def rows(depot: Depot, by: str | None = None, **query: Any) -> list[dict[str, Any]]:
    reply = events(depot, by, **query)
    assert reply.status == 200, reply
    return list(reply.json()["data"])


def test_a_promotion_and_a_demotion_are_listed_newest_first(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    promoted(depot, release, "stable")
    assert change_channel(depot, release, "stable", "demote") == 200

    reply = events(depot, query=f"{release.origin}/tool")

    assert (reply.status, reply.headers["Cache-Control"]) == (200, SHARED)
    body = reply.json()
    assert {key: body[key] for key in ("range_start", "range_end", "total_count")} == {
        "range_start": 0,
        "range_end": 1,
        "total_count": 2,
    }
    newest, oldest = body["data"]
    assert newest == {
        "operation": "Demote",
        "created_at": newest["created_at"],
        "origin": release.origin,
        "channel": "stable",
        "package_ident": release.as_json(),
    }
    assert oldest == newest | {"operation": "Promote", "created_at": oldest["created_at"]}
    assert newest["created_at"] > oldest["created_at"]


def test_repeated_and_refused_changes_record_no_events(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    promoted(depot, release, "stable")

    assert change_channel(depot, release, "stable", "promote") == 200  # already in the channel
    assert change_channel(depot, release, "other", "promote") == 404
    assert change_channel(depot, release, "stable", "promote", WINDOWS) == 404
    assert change_channel(depot, release, "stable", "promote", "vax-vms") == 422
    assert change_channel(depot, release, "stable", "demote", by="mystique") == 401
    assert change_channel(depot, release, "unstable", "demote") == 403
    assert change_channel(depot, release, "other", "demote") == 400
    assert depot.delete(f"/depot/channels/{release.origin}/other", by="bobo").status == 200

    shown = rows(depot, by="bobo", query=f"{release.origin}/tool")
    assert [row["operation"] for row in shown] == ["Promote"]


def test_changes_in_quick_succession_keep_their_order(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    promoted(depot, release, "stable")
    for _ in range(3):
        change_channel(depot, release, "stable", "demote")
        change_channel(depot, release, "stable", "promote")

    shown = rows(depot, query=f"{release.origin}/tool")

    assert [row["operation"] for row in reversed(shown)] == ["Promote"] + ["Demote", "Promote"] * 3
    times = [row["created_at"] for row in shown]
    assert times == sorted(set(times), reverse=True)


def test_events_of_a_deleted_channel_stay_visible(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    promoted(depot, release, "other")
    assert depot.delete(f"/depot/channels/{release.origin}/other", by="bobo").status == 200

    assert len(rows(depot, query=f"{release.origin}/tool")) == 1


def test_events_of_private_packages_are_visible_to_members_only(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    promoted(depot, release, "stable")
    a_member(depot, release.origin, "mystique")
    query = f"{release.origin}/tool"

    def counts() -> list[int]:
        return [len(rows(depot, by=by, query=query)) for by in (None, "hank", "mystique", "bobo")]

    assert counts() == [1, 1, 1, 1]
    with_visibility(depot, release, "private")
    assert counts() == [0, 0, 1, 1]
    with_visibility(depot, release, "public")
    assert counts() == [1, 1, 1, 1]


def test_an_ident_with_one_public_target_is_visible(depot: Depot) -> None:
    """Events are joined with packages by ident, without the target."""
    release = a_release(depot, an_origin(depot), "tool")
    promoted(depot, release, "stable")
    with_visibility(depot, release, "private")
    a_release(depot, release.origin, "tool", release.version, release.release, WINDOWS)

    assert len(rows(depot, query=f"{release.origin}/tool")) == 1


def test_events_of_hidden_packages_are_visible_to_members_only(depot: Depot) -> None:
    origin = an_origin(depot, visibility="hidden")
    release = a_release(depot, origin, "tool")
    promoted(depot, release, "stable")

    assert rows(depot, by="hank", query=f"{origin}/tool") == []
    assert len(rows(depot, by="bobo", query=f"{origin}/tool")) == 1


def test_requesters_see_their_events_of_deleted_packages_unless_they_search(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    channel = a_name("channel")
    a_member(depot, release.origin, "mystique", "maintainer")
    promoted(depot, release, channel, by="mystique")
    with_visibility(depot, release, "private")
    assert depot.delete(f"/depot/origins/{release.origin}/users/mystique", by="bobo").status == 204

    assert len(rows(depot, by="mystique", channel=channel)) == 1
    assert len(rows(depot, by="mystique", channel=channel, query=f"{release.origin}/tool")) == 1
    assert depot.delete(f"/depot/pkgs/{release}", by="bobo").status == 204

    assert len(rows(depot, by="mystique", channel=channel)) == 1
    assert rows(depot, by="mystique", channel=channel, query=f"{release.origin}/tool") == []
    for by in (None, "hank", "bobo"):
        assert rows(depot, by=by, channel=channel) == []


def test_a_channel_is_compared_exactly_after_trimming(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    channel = a_name("LTS")
    promoted(depot, release, channel)
    promoted(depot, release, "stable")
    query = f"{release.origin}/tool"

    assert len(rows(depot, channel=channel)) == 1
    assert len(rows(depot, channel=f" {channel} ")) == 1
    assert rows(depot, channel=channel.lower()) == []
    assert rows(depot, channel=channel[:-1], query=query) == []
    assert len(rows(depot, channel="", query=query)) == 2


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("{origin}/big-red-tool", True),
        ("{origin}/big-red-tool/", True),
        ("{origin}/TOO", True),
        ("{origin}%2Fred", True),
        ("{origin} red", True),
        ("{origin}/red/too", True),
        ("{origin}/re/tool", False),
        ("{origin}/ool", False),
        ("{origin}/0", False),
        ("!!", False),
    ],
)
def test_the_query_matches_words_of_the_origin_and_name(
    depot: Depot, a_promotion: tuple[str, str], query: str, matches: bool
) -> None:
    origin, channel = a_promotion

    assert len(rows(depot, query=query.format(origin=origin), channel=channel)) == matches


@pytest.fixture(scope="module")
def a_promotion(depot: Depot) -> tuple[str, str]:
    """An origin and the channel to which its package big-red-tool was promoted."""
    channel = a_name("channel")
    release = a_release(depot, an_origin(depot), "big-red-tool")
    promoted(depot, release, channel)
    return release.origin, channel


def test_an_empty_query_matches_all_events(depot: Depot, a_promotion: tuple[str, str]) -> None:
    for query in ("", "/", "%2F", " "):
        assert len(rows(depot, query=query, channel=a_promotion[1])) == 1


@pytest.mark.parametrize("sent", ["%25ff", "%ff", "a%25c3"])
def test_a_query_that_is_not_utf8_is_422(depot: Depot, sent: str) -> None:
    reply = depot.get(f"/depot/events?from_date=2024-1-1&to_date=2024-1-1&query={sent}")

    assert reply.status == 422
    assert reply.text.startswith("Unable to parse query string '")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"from_date": "2024-01-01"},
        {"to_date": "2024-01-01"},
        {"from_date": "", "to_date": "2024-01-01"},
        {"from_date": "2024-01-01", "to_date": "2024-13-01"},
        {"from_date": "2023-02-29", "to_date": "2024-01-01"},
        {"from_date": "2024-01-01", "to_date": "01.02.2024"},
        {"from_date": "2024-01-01T00:00:00", "to_date": "2024-01-01"},
        {"from_date": "0000-01-01", "to_date": "2024-01-01"},
        {**EVER, "range": "abc"},
        {**EVER, "range": ""},
        {**EVER, "nextRange": "x"},
    ],
)
@pytest.mark.parametrize("path", ["/depot/events", "/depot/events/saas"])
def test_unreadable_and_missing_parameters_are_400(depot: Depot, query: dict[str, str], path: str) -> None:
    reply = depot.get(path, query=query)

    assert reply.status == 400
    assert reply.text.startswith("Query deserialize error:")
    assert depot.get(path, by="no-such-token", query=query).status == 401


def test_a_bad_token_is_401(depot: Depot) -> None:
    reply = events(depot, by="no-such-token")

    assert (reply.status, reply.body) == (401, b"")


def test_both_days_are_included_in_utc_and_may_be_unpadded(
    depot: Depot, a_promotion: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, _ = a_promotion
    ident = depot.get(f"/depot/pkgs/{origin}/big-red-tool/latest").json()["ident"]
    channel = a_name("channel")
    for moment in ("2024-03-04T23:59:59.999999", "2024-03-05T00:00:00.000000", "2024-03-06T23:59:59.999999"):
        _record_promotion(origin, ident, channel, moment, monkeypatch)
    _record_promotion(origin, ident, channel, "2024-03-07T00:00:00.000000", monkeypatch)

    def days(first: str, last: str, names: tuple[str, str] = ("from_date", "to_date")) -> list[str]:
        query = {names[0]: first, names[1]: last, "channel": channel}
        return [row["created_at"][8:19] for row in depot.get("/depot/events", query=query).json()["data"]]

    assert days("2024-03-05", "2024-03-06") == ["06T23:59:59", "05T00:00:00"]
    assert days("2024-3-5", "2024-3-6") == ["06T23:59:59", "05T00:00:00"]
    assert days("2024-03-04", "2024-3-4") == ["04T23:59:59"]
    assert days("2024-3-7", "9999-12-31") == ["07T00:00:00"]
    assert days("2024-03-06", "2024-03-05") == []
    assert days("2024-03-05", "2024-03-06", ("fromDate", "toDate")) == ["06T23:59:59", "05T00:00:00"]


def test_names_in_snake_case_take_precedence_over_the_documented_aliases(
    depot: Depot, a_promotion: tuple[str, str]
) -> None:
    query = {"fromDate": "2000-1-1", "toDate": "2000-1-1", "nextRange": "70", "range": "0", "channel": a_promotion[1]}

    assert len(rows(depot, **query)) == 1
    aliased = depot.get("/depot/events", query={**EVER, "nextRange": "70", "channel": a_promotion[1]}).json()
    assert aliased == {"range_start": 70, "range_end": 1, "total_count": 1, "data": []}


def test_events_of_one_ident_and_time_are_one_and_equal_times_are_ordered_by_ident(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, channel = an_origin(depot), a_name("channel")
    first, second = a_release(depot, origin, "a"), a_release(depot, origin, "b")
    moment = "2024-05-05T10:00:00.000001"
    for ident, target in ((first, Target.X86_64_LINUX), (first, Target.X86_64_WINDOWS), (second, Target.X86_64_LINUX)):
        _record_promotion(origin, ident.as_json(), channel, moment, monkeypatch, target)

    shown = rows(depot, channel=channel)

    assert [row["package_ident"]["name"] for row in shown] == ["b", "a"]


def test_pages_are_aligned_and_show_the_requested_start(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, channel = an_origin(depot), a_name("channel")
    ident = a_release(depot, origin, "tool").as_json()
    start = datetime(2023, 1, 1, tzinfo=UTC)
    for number in range(101):
        moment = (start + timedelta(days=number * 3)).strftime("%Y-%m-%dT%H:%M:%S.%f")
        _record_promotion(origin, ident, channel, moment, monkeypatch)

    def page(**query: Any) -> tuple[int, int, int, int, int]:
        reply = events(depot, channel=channel, **query)
        body = reply.json()
        return reply.status, body["range_start"], body["range_end"], body["total_count"], len(body["data"])

    assert page() == (206, 0, 49, 101, 50)
    assert page(range=50) == (206, 50, 99, 101, 50)
    assert page(range=75) == (200, 75, 124, 101, 50)
    assert page(range=100) == (200, 100, 100, 101, 1)
    assert page(range=150) == (200, 150, 101, 101, 0)
    assert page(range=-1) == (206, 0, 49, 101, 50)
    shown = [row["created_at"] for start in (0, 50, 100) for row in _data(depot, channel, start)]
    assert shown == sorted(shown, reverse=True)
    assert len(set(shown)) == 101


@pytest.mark.parametrize("folded", [False, True])
def test_an_event_between_others_has_its_place(depot: Depot, monkeypatch: pytest.MonkeyPatch, folded: bool) -> None:
    """Requests may commit in another order than that of their times, also after a fold."""
    origin, channel = an_origin(depot), a_name("channel")
    ident = a_release(depot, origin, "tool").as_json()
    for day in (1, 3):
        _record_promotion(origin, ident, channel, f"2022-07-0{day}T00:00:00.000000", monkeypatch)
    event_folding.fold()
    _record_promotion(origin, ident, channel, "2022-07-02T00:00:00.000000", monkeypatch)
    if folded:
        event_folding.fold()

    assert [row["created_at"][8:10] for row in rows(depot, channel=channel)] == ["03", "02", "01"]
    assert len(rows(depot, channel=channel, from_date="2022-7-2", to_date="2022-7-2")) == 1


def test_a_fold_changes_no_answer_and_empties_the_inbox(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    hidden = a_release(depot, release.origin, "hidden")
    for each in (release, hidden):
        promoted(depot, each, "stable")
    with_visibility(depot, hidden, "private")
    query = release.origin

    def answers() -> list[Any]:
        return [events(depot, by, query=query).json() for by in (None, "hank", "bobo")]

    before = answers()
    assert event_folding.fold() >= 2
    assert (event_rows.inbox().events, event_rows.inbox().states) == ([], [])
    assert answers() == before
    with_visibility(depot, hidden, "public")
    assert [answer["total_count"] for answer in answers()] == [2, 2, 2]
    event_folding.fold()
    assert [answer["total_count"] for answer in answers()] == [2, 2, 2]


def test_events_return_with_a_package_that_is_uploaded_again(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    channel = a_name("channel")
    promoted(depot, release, channel)
    query = {"channel": channel, "query": release.origin}
    assert depot.delete(f"/depot/pkgs/{release}", by="bobo").status == 204
    event_folding.fold()
    assert [len(rows(depot, by=by, **query)) for by in (None, "bobo")] == [0, 0]

    a_release(depot, release.origin, "tool", release.version, release.release)

    assert [len(rows(depot, by=by, **query)) for by in (None, "bobo")] == [1, 1]
    event_folding.fold()
    assert [len(rows(depot, by=by, **query)) for by in (None, "bobo")] == [1, 1]


def test_a_reader_that_finds_many_events_folds_them(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FOLD_EVENTS", 1)
    release = a_release(depot, an_origin(depot), "tool")
    promoted(depot, release, "stable")

    assert len(rows(depot, query=release.origin)) == 1
    assert event_rows.inbox().events == []


def test_more_events_than_a_request_reads_are_503_and_never_a_wrong_total(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = a_release(depot, an_origin(depot), "tool")
    monkeypatch.setattr(event_rows, "MOST_READ", 0)
    monkeypatch.setattr(service, "FOLDS", 0)
    promoted(depot, release, "stable")

    assert events(depot).status == 503


def test_the_number_of_calls(depot: Depot, a_promotion: tuple[str, str]) -> None:
    """Inbox, root, facts and a page; the names for a query; the memberships for an account."""
    event_folding.fold()

    def calls(by: str | None, **query: str) -> dict[str, int]:
        with counted_calls() as counted:
            assert len(rows(depot, by=by, channel=a_promotion[1], **query)) == 1
        return dict(counted)

    assert calls(None) == {"Query": 2, "BatchGetItem": 2}
    assert calls(None, query=a_promotion[0]) == {"Query": 1, "BatchGetItem": 3}
    assert calls("bobo", query=a_promotion[0]) == {"Query": 2, "BatchGetItem": 3}
    assert calls("bobo") == {"Query": 3, "BatchGetItem": 2}


def _data(depot: Depot, channel: str, start: int) -> list[dict[str, Any]]:
    return list(events(depot, channel=channel, range=start).json()["data"])


def _record_promotion(
    origin: str,
    ident: dict[str, str],
    channel: str,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
    target: Target = Target.X86_64_LINUX,
) -> None:
    """Record a promotion at a given time, by an account that the tests do not use."""
    change = Change()
    with monkeypatch.context() as clock:
        clock.setattr(event_rows, "timestamp", lambda _: moment)
        package = PackageIdent(**ident)
        by = Session(7, "another", SessionFlags(0))
        change.add(event_rows.event(ChannelOperation.PROMOTE, package, target, channel, by, public=True))
    change.commit()
    assert origin == package.origin
