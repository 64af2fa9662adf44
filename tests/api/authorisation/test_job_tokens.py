"""What the tokens of a job, of a build and of a worker may do, on every route (docs/SECURITY.md).

The owner has two origins. The job is one of the first origin. In the second origin its tokens are worth as much as no
token at all. In its own origin they read like a member, and only the token of the job publishes: releases of its
package, and in the channel of its group.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from chalicelib.builds.rows import JobRow
from chalicelib.core.builds.build_access import JobUse
from chalicelib.http.routes import ANYONE
from chalicelib.packages.source import RawBody
from tests.api.authorisation.matrix import ELSEWHERE, MATRIX, Cell
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.builders.motor_double import recorded_motor
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, upload
from tests.builders.rows import partition_rows, partitions, partitions_of
from tests.builders.uploads import an_upload
from tests.builders.waiting_jobs import a_waiting_job, settle
from tests.builders.workers import a_worker

CACHES = ("NEWEST-OF-ALL#", "PAGES#", "PUBLIC-PAGES#")
GUARDED = [cell for cell in MATRIX if cell.route.needs is not ANYONE]
OPEN = [cell for cell in MATRIX if cell.route.needs is ANYONE and not cell.path.startswith("/authenticate/")]


@dataclass(frozen=True)
class Scene:
    """A job of the private origin `own`, its tokens, and a private package of each origin."""

    depot: Depot
    own: str
    other: str
    job: JobRow
    channel: str
    tokens: Mapping[str, str]
    packages: Mapping[str, Hart]

    @property
    def token(self) -> str:
        """The token of the job."""
        return self.tokens["job"]

    def send(self, cell: Cell, origin: str, by: str | None) -> Reply:
        """Send the request of a cell, about an existing package of an origin where it names one."""
        ident = self.packages[origin].ident
        path = cell.path.format(origin=origin)
        path = path.replace("no-such/1.0/20240101000000", f"{ident.name}/{ident.version}/{ident.release}")
        path = path.replace("no-such/1.0", f"{ident.name}/{ident.version}").replace("no-such-channel", "dev")
        return self.depot.request(cell.method, path, by=by, json=cell.json, body=cell.body)

    def publish(self, name: str, origin: str | None = None) -> Reply:
        """Upload a release of a name with the token of the job."""
        return upload(self.depot, a_hart(origin=origin or self.own, name=name), self.token)

    def promotes(self, hart: Hart, channel: str) -> int:
        """Promote a release with the token of the job."""
        query = {"target": hart.target}
        return self.depot.put(f"{hart.in_channel(channel)}/promote", by=self.token, query=query).status


@pytest.fixture(scope="module")
def scene(depot: Depot) -> Iterator[Scene]:
    own, other = (an_origin(depot, visibility="private") for _ in range(2))
    packages = {origin: a_package(depot, origin, name="tool") for origin in (own, other)}
    for origin in (own, other):
        a_channel(depot, origin, "dev")
        assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201
    worker = a_worker(depot, own)
    job = a_waiting_job(own, "tool")
    with recorded_motor():
        bundle = worker.gets()
        tokens = {"job": bundle["token"], "build": bundle["read_token"], "worker": worker.token}
        yield Scene(depot, own, other, job, bundle["job"]["channel"], tokens, packages)


def rows_of(*origins: str) -> object:
    return {
        pk: partition_rows(pk)
        for origin in origins
        for pk in partitions_of(origin)
        if not pk.startswith((*CACHES, "WORKERS#"))
    }


def accounts() -> object:
    return {pk: partition_rows(pk) for pk in partitions() if pk.startswith("ACCOUNT")}


@pytest.mark.parametrize("cell", GUARDED, ids=lambda cell: cell.request)
def test_whatever_needs_an_account_or_a_role_is_refused(scene: Scene, cell: Cell) -> None:
    """The cells name no channel and no package of the job's, except for the secret key of its origin."""
    before = rows_of(scene.own, scene.other), accounts()

    for kind, token in scene.tokens.items():
        for origin in (scene.own, scene.other):
            reply = scene.send(cell, origin, token)
            if cell.route.job_use is JobUse.KEY and (kind, origin) == ("job", scene.own):
                assert reply.status == 200
            elif cell.route.job_use is JobUse.UPLOAD and (kind, origin) == ("job", scene.own):
                assert reply.status in (409, 422), reply  # the package exists, or the body is no archive
            else:
                assert reply.status in (401 if cell.route.refused == 401 else 403, 403), (kind, origin, reply)

    assert (rows_of(scene.own, scene.other), accounts()) == before


@pytest.mark.parametrize("cell", OPEN, ids=lambda cell: cell.request)
def test_in_the_other_origin_the_tokens_are_worth_nothing(scene: Scene, cell: Cell) -> None:
    anonymous = scene.send(cell, scene.other, None)

    for kind, token in scene.tokens.items():
        reply = scene.send(cell, scene.other, token)
        if "{origin}" in cell.path:
            assert (reply.status, reply.body) == (anonymous.status, anonymous.body), kind
        else:
            assert scene.other not in reply.text or reply.body == anonymous.body, kind


@pytest.mark.parametrize("cell", [cell for cell in OPEN if "{origin}" in cell.path], ids=lambda cell: cell.request)
def test_in_its_own_origin_the_tokens_of_a_job_read_like_a_member(scene: Scene, cell: Cell) -> None:
    by_owner = scene.send(cell, scene.own, "bobo")

    if cell.method == "GET":
        for kind in ("job", "build"):
            reply = scene.send(cell, scene.own, scene.tokens[kind])
            assert (reply.status, reply.body) == (by_owner.status, by_owner.body), kind


def test_a_private_package_is_visible_to_the_job_and_its_build_only(scene: Scene) -> None:
    url = scene.packages[scene.own].url

    statuses = {kind: scene.depot.get(url, by=token).status for kind, token in scene.tokens.items()}

    assert statuses == {"job": 200, "build": 200, "worker": 404}
    assert scene.depot.get(scene.packages[scene.other].url, by=scene.token).status == 404


def test_searches_and_events_show_the_private_packages_of_the_own_origin(scene: Scene) -> None:
    for origin, is_shown in ((scene.own, True), (scene.other, False)):
        found = scene.depot.get(f"/depot/pkgs/search/{origin}", by=scene.token)
        assert (origin in found.text) == is_shown


def test_the_job_publishes_its_package_and_promotes_it_into_the_channel_of_its_group(scene: Scene) -> None:
    hart = a_hart(origin=scene.own, name="tool", version="2.0.0")

    assert upload(scene.depot, hart, scene.token).status == 201
    assert scene.depot.post(f"/depot/channels/{scene.own}/{scene.channel}", by=scene.token).status == 201
    assert scene.depot.post(f"/depot/channels/{scene.own}/{scene.channel}", by=scene.token).status == 409
    assert scene.promotes(hart, scene.channel) == 200

    latest = f"/depot/channels/{scene.own}/{scene.channel}/pkgs/tool/latest"
    assert scene.depot.get(latest, by="bobo").json()["ident"]["version"] == "2.0.0"


def test_the_job_publishes_a_large_package_in_parts(scene: Scene) -> None:
    hart = a_hart(origin=scene.own, name="tool", version="3.0.0")

    assert an_upload(scene.depot, hart, by=scene.token).send().complete().status == 201


def test_the_job_cannot_publish_other_packages(scene: Scene) -> None:
    assert scene.publish("other").status == 403
    assert scene.publish("tool", scene.other).status == 403
    for origin, name in ((scene.own, "other"), (scene.other, "tool")):
        hart = a_hart(origin=origin, name=name)
        body = {"ident": str(hart.ident), "target": hart.target, "checksum": hart.checksum, "size": len(hart.content)}
        assert scene.depot.post("/depot/uploads", by=scene.token, json=body).status == 403


def test_the_job_uses_no_other_channel(scene: Scene) -> None:
    hart = scene.packages[scene.own]
    other = a_package(scene.depot, scene.own, name="second")

    for channel in ("dev", "stable", "unstable", "bldr-1"):
        assert scene.promotes(hart, channel) == 403
        assert scene.depot.post(f"/depot/channels/{scene.own}/{channel}", by=scene.token).status == 403
    scene.depot.post(f"/depot/channels/{scene.own}/{scene.channel}", by=scene.token)
    assert scene.promotes(other, scene.channel) == 403
    assert scene.promotes(scene.packages[scene.other], scene.channel) == 403
    in_channel = hart.in_channel(scene.channel)
    assert scene.depot.put(f"{in_channel}/demote", by=scene.token).status == 403
    assert scene.depot.delete(f"/depot/channels/{scene.own}/{scene.channel}", by=scene.token).status == 403
    promoted = f"/depot/channels/{scene.own}/{scene.channel}/pkgs/promote?channel=stable"
    assert scene.depot.put(promoted, by=scene.token).status == 403


REFUSED_BEFORE = {
    "POST /projects": 422,
    "GET /jobs/{id}": 404,
    "GET /jobs/{id}/log": 404,
    "GET /builds/jobs/{id}": 404,
    "GET /builds/groups/{id}": 404,
    "POST /jobs/group/{id}/cancel": 404,
    "POST /jobs/group/{id}/rebuild": 404,
    "POST /jobs/group/{id}/promote/{channel}": 404,
    "POST /jobs/group/{id}/demote/{channel}": 404,
}
"""Refusals of a request that come before those of its caller, by the contract."""


def test_the_operations_without_a_cell_refuse_the_tokens_too(scene: Scene) -> None:
    public = ("POST /notify", "GET /depot/events/saas")
    for request in ELSEWHERE:
        method, path = request.split(" ")
        if path.startswith("/work/") or request in public or "/depot/uploads" in path:
            continue
        for kind, token in scene.tokens.items():
            reply = scene.depot.request(
                method, path.format(id="1", origin=scene.own, channel="stable"), by=token, json={}
            )
            assert reply.status in (400, 403, REFUSED_BEFORE.get(request)), (request, kind, reply)


def test_a_change_that_is_in_progress_when_the_attempt_ends_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = scene.depot
    job = a_waiting_job(scene.own, "late")
    bundle = a_worker(depot, scene.own).gets()
    hart = a_hart(origin=scene.own, name="late")
    store = RawBody.store

    def settle_first(self: RawBody, key: str) -> None:
        store(self, key)
        settle(job)

    monkeypatch.setattr(RawBody, "store", settle_first)

    assert upload(depot, hart, bundle["token"]).status == 403
    assert depot.get(hart.url, by="bobo").status == 404


def test_a_job_of_a_deleted_origin_has_no_rights_in_its_successor(depot: Depot) -> None:
    name = an_origin(depot)
    a_waiting_job(name, "tool")
    bundle = a_worker(depot, name).gets()
    assert depot.delete(f"/depot/origins/{name}", by="bobo").status == 204
    an_origin(depot, name=name, visibility="private")
    hart = a_package(depot, name, name="tool")

    assert depot.get(hart.url, by=bundle["token"]).status == 404
    assert depot.get(hart.url, by=bundle["read_token"]).status == 404
    newer = a_hart(origin=name, name="tool", version="9")
    assert upload(depot, newer, bundle["token"]).status == 403
