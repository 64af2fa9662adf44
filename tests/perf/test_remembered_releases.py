"""`latest` of a name takes one call while its newest release stays, and always returns the newest one."""

import pytest

from app import app
from chalicelib.packages import newest
from tests.api.client import Depot
from tests.builders.hart import Hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, delete, set_visibility
from tests.perf.calls import counted_calls
from tests.perf.recording import record
from tests.perf.replay import handler

WINDOWS = "x86_64-windows"


@pytest.fixture
def first(depot: Depot) -> Hart:
    """The only release of a name."""
    newest.forget()
    return a_package(depot, an_origin(depot), name=a_name("package"), version="1.0", release="1")


@pytest.fixture
def url(first: Hart) -> str:
    """The address of the name."""
    return f"/depot/pkgs/{first.ident.origin}/{first.ident.name}"


def latest(depot: Depot, url: str, by: str | None = "bobo") -> tuple[str | None, int]:
    """Return the release that is the latest for a caller, None if there is none, and the number of calls."""
    with counted_calls() as calls:
        reply = depot.get(f"{url}/latest", by=by)
    return (reply.json()["ident"]["release"] if reply.status == 200 else None), calls.total()


def upload(depot: Depot, url: str, version: str, release: str, target: str = "x86_64-linux") -> Hart:
    """Upload another release of the name."""
    *_, origin, name = url.split("/")
    return a_package(depot, origin, name=name, version=version, release=release, target=target)


@pytest.mark.parametrize("by", [None, "bobo"])
def test_the_third_request_takes_one_call(depot: Depot, url: str, by: str | None) -> None:
    assert [latest(depot, url, by) for _ in range(4)] == [("1", 2), ("1", 2), ("1", 1), ("1", 1)]


def test_a_newer_release_is_returned_at_once(depot: Depot, url: str) -> None:
    for _ in range(3):
        latest(depot, url)
    upload(depot, url, "1.1", "2")

    assert [latest(depot, url) for _ in range(2)] == [("2", 3), ("2", 1)]


def test_an_older_release_takes_one_more_search(depot: Depot, url: str) -> None:
    for _ in range(3):
        latest(depot, url)
    upload(depot, url, "0.9", "2")

    assert [latest(depot, url) for _ in range(2)] == [("1", 2), ("1", 1)]


def test_a_deleted_release_is_not_returned(depot: Depot, url: str) -> None:
    newer = upload(depot, url, "1.1", "2")
    for _ in range(3):
        assert latest(depot, url)[0] == "2"
    delete(depot, newer)

    assert latest(depot, url)[0] == "1"


def test_the_newest_release_of_a_version_is_remembered_beside_that_of_the_name(depot: Depot, url: str) -> None:
    upload(depot, url, "2.0", "2")
    for _ in range(3):
        version, name = latest(depot, f"{url}/1.0"), latest(depot, url)

    assert (version, name) == (("1", 1), ("2", 1))


def test_the_release_of_another_target_is_another_one(depot: Depot, url: str) -> None:
    upload(depot, url, "2.0", "2", WINDOWS)
    for _ in range(3):
        latest(depot, url)
        reply = depot.get(f"{url}/latest?target={WINDOWS}", by="bobo")

    assert (latest(depot, url)[0], reply.json()["ident"]["release"]) == ("1", "2")


def test_strangers_do_not_see_a_remembered_release_that_became_private(depot: Depot, url: str, first: Hart) -> None:
    for _ in range(3):
        latest(depot, url)
    set_visibility(depot, first, "private")

    assert latest(depot, url, by=None)[0] is None
    assert latest(depot, url)[0] == "1"


def test_private_releases_are_not_remembered(depot: Depot, url: str, first: Hart) -> None:
    set_visibility(depot, first, "private")

    assert [latest(depot, url) for _ in range(4)] == [("1", 2)] * 4


def test_a_process_remembers_a_fixed_number_of_releases(
    depot: Depot, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "REMEMBERED", 1)
    upload(depot, url, "2.0", "2")
    for _ in range(3):
        version, name = latest(depot, f"{url}/1.0"), latest(depot, url)

    assert (version, name) == (("1", 2), ("2", 2))
    assert len(newest._remembered) == 1


def test_a_recorded_request_is_replayed_in_a_process_that_remembers_nothing(depot: Depot, url: str) -> None:
    for _ in range(3):
        latest(depot, url)
    recording = record(app, lambda client: client.get(f"{url}/latest", by="bobo"))
    newest.forget()

    replay = handler(app, recording)
    for _ in range(2):
        replay()  # fails if its calls are not those of the recording
    assert len(recording.exchanges) == 1
