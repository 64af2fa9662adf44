"""A release that was uploaded is not built again, also if its worker is lost before it reports (builds.md 17)."""

from typing import Any

import pytest

from chalicelib.builds.engine import ending, settling, unreported
from chalicelib.builds.engine.settling import Cause, settle
from chalicelib.builds.rows import JobRow
from chalicelib.catalog.channel_rows import channel_key
from chalicelib.catalog.job_token_rows import JobTokenRow
from chalicelib.catalog.project_rows import project_key
from chalicelib.core.target import Target
from chalicelib.platform.table import delete_many, read
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.builders.job_groups import Group, a_group, start, waiting_jobs
from tests.builders.origins import an_origin
from tests.builders.packages import delete, upload
from tests.builders.uploads import an_upload
from tests.builders.workers import Worker


class Building:
    """The first job of a group of two, which a worker holds, and what it builds."""

    def __init__(self, depot: Depot, worker: Worker, origin: str) -> None:
        self.depot = depot
        self.group: Group = a_group([[], [0]], origin=origin)
        start(self.group)
        self.bundle: dict[str, Any] = worker.gets()
        self.hart: Hart = a_hart(origin=origin, name="package-0")

    @property
    def job(self) -> JobRow:
        """The job."""
        return self.group.job(0)

    def uploads(self) -> Reply:
        """Upload the release with the token of the job."""
        return upload(self.depot, self.hart, self.bundle["token"])

    def settles(self, cause: Cause = Cause.LOST) -> None:
        """Settle the attempt."""
        settle(int(self.bundle["job"]["id"]), 1, cause)

    def is_in_channel(self) -> bool:
        """Return whether the release is in the channel of the group."""
        return self.depot.get(self.hart.in_channel(self.group.row.channel), by="bobo").status == 200


@pytest.fixture
def building(depot: Depot, worker: Worker, origin: str) -> Building:
    return Building(depot, worker, origin)


def assert_complete(building: Building) -> None:
    """Check that the job is complete with its release, and that its dependent has started."""
    assert building.group.states == ["complete", "running"]
    assert building.group.entries[0]["built_ident"] == building.hart.path
    assert (building.job.state, building.job.ident, building.job.attempt) == ("Complete", building.hart.path, 1)
    assert building.is_in_channel()


@pytest.mark.parametrize("cause", [Cause.LOST, Cause.TIMED_OUT])
def test_a_lost_worker_that_has_uploaded_completes_its_job(building: Building, cause: Cause) -> None:
    assert building.uploads().status == 201

    building.settles(cause)

    assert_complete(building)


def test_an_upload_in_parts_counts_too(depot: Depot, building: Building) -> None:
    started = an_upload(depot, building.hart, by=building.bundle["token"])
    started.send(*started.parts)
    assert started.complete().status == 201

    building.settles()

    assert_complete(building)


def test_a_job_that_is_given_back_after_its_upload_is_complete(depot: Depot, building: Building) -> None:
    building.uploads()
    path = f"/work/jobs/{building.job.id}/result"
    assert depot.post(path, by=building.bundle["token"], json={"kind": "returned"}).status == 204

    building.settles(Cause.REPORTED)

    assert_complete(building)


def test_a_release_that_is_in_the_channel_already_completes_the_job(depot: Depot, building: Building) -> None:
    building.uploads()
    channel, token = building.group.row.channel, building.bundle["token"]
    assert depot.post(f"/depot/channels/{building.group.origin}/{channel}", by=token).status == 201
    promoted = f"{building.hart.in_channel(channel)}/promote"
    assert depot.put(promoted, by=token, query={"target": building.hart.target}).status == 200

    building.settles()

    assert_complete(building)


def test_an_upload_that_is_committed_while_the_loss_is_settled_counts(
    building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = unreported.tokens_of

    def tokens_of(job: JobRow) -> JobTokenRow | None:
        before = original(job)
        building.uploads()  # the first time, just after the row was read
        return before

    monkeypatch.setattr(settling, "tokens_of", tokens_of)

    building.settles()

    assert_complete(building)


def test_a_worker_that_is_lost_cannot_upload_any_more(building: Building) -> None:
    building.settles()

    assert building.uploads().status == 401
    assert building.group.states == ["running", "waiting"]


def test_a_job_whose_upload_was_deleted_is_built_again(depot: Depot, building: Building) -> None:
    building.uploads()
    delete(depot, building.hart)

    building.settles()

    assert (building.job.state, building.job.attempt) == ("Pending", 2)
    assert waiting_jobs(building.group.origin) == [building.job.id]


def test_a_release_for_another_target_is_not_that_of_the_job(depot: Depot, building: Building) -> None:
    building.hart = a_hart(origin=building.group.origin, name="package-0", target="x86_64-windows")
    assert building.uploads().status == 201

    building.settles()

    assert (building.job.state, building.job.attempt) == ("Pending", 2)


def test_a_canceled_job_is_canceled_also_after_its_upload(building: Building) -> None:
    building.uploads()
    ending.cancel(building.group.id)

    building.settles()

    assert building.group.states == ["canceled", "canceled"]
    assert not building.is_in_channel()


def test_a_lost_worker_of_a_deleted_origin_adds_no_channel_to_a_later_one(depot: Depot, building: Building) -> None:
    origin, channel = building.group.origin, building.group.row.channel
    building.uploads()
    delete(depot, building.hart)
    delete_many([project_key(origin, name, Target.X86_64_LINUX) for name in ("package-0", "package-1")])
    assert depot.delete(f"/settings/{origin}/package-0", by="bobo").status == 204
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204
    an_origin(depot, "hank", origin)

    building.settles()

    assert read(channel_key(origin, channel)) is None
