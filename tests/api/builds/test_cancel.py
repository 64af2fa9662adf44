"""POST /jobs/group/{id}/cancel (builds.md 4.2)."""

import pytest

from chalicelib.core.builds.build_states import GroupState
from tests.api.builds.test_groups import MALFORMED, a_group
from tests.api.builds.test_schedule import audit
from tests.api.client import Depot
from tests.builders.group_rows import group_row, set_group
from tests.builders.recording_engine import RecordingEngine


@pytest.fixture
def group(depot: Depot, engine: RecordingEngine, origin: str) -> str:
    return a_group(depot, f"{origin}/tool")


def test_a_member_cancels_a_group(depot: Depot, group: str, origin: str, engine: RecordingEngine) -> None:
    reply = depot.post(f"/jobs/group/{group}/cancel", by="lkennedy", body=b"anything")

    assert (reply.status, reply.body) == (204, b"")
    assert engine.calls[-1] == ("cancel", int(group))
    assert group_row(group).group_state is GroupState.CANCELED
    assert audit(origin)[-1] == ("job_group_cancel", group, "lkennedy", "unknown")


def test_a_group_that_has_ended_is_left_alone_and_the_request_not_recorded(
    depot: Depot, group: str, origin: str
) -> None:
    set_group(int(group), GroupState.CANCELED)

    assert depot.post(f"/jobs/group/{group}/cancel", by="lkennedy").status == 204

    assert [operation for operation, *_ in audit(origin)] == ["job_group_create"]


def test_a_missing_group_is_404_before_authorisation(depot: Depot, engine: RecordingEngine) -> None:
    for by in (None, "wesker", "bobo"):
        reply = depot.post("/jobs/group/123456/cancel", by=by)
        assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize("group_id", MALFORMED)
def test_a_malformed_id_is_400_before_authorisation(depot: Depot, group_id: str) -> None:
    for by in (None, "bobo"):
        assert depot.post(f"/jobs/group/{group_id}/cancel", by=by).status == 400


def test_others_are_refused(depot: Depot, group: str, engine: RecordingEngine) -> None:
    refused = [depot.post(f"/jobs/group/{group}/cancel", by=by).status for by in (None, "wesker", "mystique")]

    assert refused == [401, 403, 403]
    assert "cancel" not in [name for name, _ in engine.calls]


def test_a_named_token_needs_the_build_scope_in_the_origin_of_the_group(depot: Depot, group: str, origin: str) -> None:
    def token(scope: str, bound_to: str) -> str:
        body = {"name": f"{scope}-{bound_to}", "scopes": [scope], "origin": bound_to}
        created: str = depot.post("/profile/tokens", by="bobo", json=body).json()["token"]
        return created

    other = depot.post("/depot/origins", by="bobo", json={"name": f"{origin}-other"}).json()["name"]
    tokens = [token("upload", origin), token("build", other), token("build", origin)]

    assert [depot.post(f"/jobs/group/{group}/cancel", by=each).status for each in tokens] == [403, 403, 204]
