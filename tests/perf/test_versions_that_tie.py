"""`latest` of a version does not read the releases of another text with the same order, such as `1.2` for `01.2`."""

import pytest

from tests.api.client import Depot
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, promote
from tests.perf.calls import counted_calls

NAME = "tool"
STARTS = ("/depot/pkgs/{}/tool", "/depot/channels/{}/stable/pkgs/tool")


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin with an old release of version `01.2` and twelve newer ones of `1.2`, all of them in `stable`."""
    assert depot.get("/profile", by="mystique").status == 200  # the first request of a test user creates its account
    origin = an_origin(depot)
    for version, release in [("01.2", 1), *(("1.2", number) for number in range(10, 22))]:
        promote(depot, a_package(depot, origin, name=NAME, version=version, release=str(release)), "stable")
    return origin


@pytest.mark.parametrize("by", [None, "mystique", "bobo"])
@pytest.mark.parametrize("start", STARTS)
def test_another_text_of_a_version_takes_few_calls(depot: Depot, origin: str, start: str, by: str | None) -> None:
    url = start.format(origin)
    with counted_calls() as calls:
        assert depot.get(f"{url}/v1.2/latest", by=by).status == 404
    assert calls.total() <= 3

    with counted_calls() as calls:
        assert depot.get(f"{url}/01.2/latest", by=by).json()["ident"]["release"] == "1"
    assert calls.total() <= 5
    assert depot.get(f"{url}/1.2/latest", by=by).json()["ident"]["release"] == "21"


@pytest.mark.parametrize("start", STARTS)
def test_a_private_version_that_ties_takes_the_same_calls_as_an_unknown_one(depot: Depot, start: str) -> None:
    origin = an_origin(depot)
    for version in ("1.2", "2.0"):
        promote(depot, a_package(depot, origin, name=NAME, version=version), "stable")
    assert depot.patch(f"/depot/pkgs/{origin}/{NAME}/1.2/20240301123456/private", by="bobo").status == 200
    answers = []
    for version in ("1.2", "3.0"):
        with counted_calls() as calls:
            reply = depot.get(f"{start.format(origin)}/{version}/latest")
        answers.append((reply.status, reply.body, calls.total()))

    assert answers[0] == answers[1]
