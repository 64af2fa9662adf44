"""Budgets of AWS calls per warm request, authentication included."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from chalicelib.catalog.long_changes import long_change_motor
from chalicelib.packages.search import cached_index
from tests.api.client import Depot, Reply
from tests.builders.graphs import a_graph_of, fold_shard_of, make_fold_due
from tests.builders.hart import Hart, a_hart
from tests.builders.motor_double import recorded_motor
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.project_rows import a_stored_project
from tests.builders.recording_engine import a_recording_engine
from tests.builders.waiting_jobs import a_waiting_job
from tests.builders.workers import a_worker
from tests.perf.calls import counted_calls

TABLE_CALLS = ("GetItem", "BatchGetItem", "Query", "TransactWriteItems", "BatchWriteItem", "PutItem", "UpdateItem")


@dataclass(frozen=True)
class Shelf:
    """An origin with a package in `stable`, the package's next release (not uploaded), and a token of the owner."""

    depot: Depot
    token: str
    hart: Hart
    next: Hart

    @property
    def package(self) -> str:
        """Path of the package."""
        return f"/depot/pkgs/{self.hart.path}"

    @property
    def stable(self) -> str:
        """Path of the packages in `stable`."""
        return f"/depot/channels/{self.hart.ident.origin}/stable/pkgs"

    def in_stable(self, hart: Hart) -> str:
        """Path of a release in `stable`."""
        ident = hart.ident
        return f"{self.stable}/{ident.name}/{ident.version}/{ident.release}"

    @property
    def name(self) -> str:
        """Origin and name of the package."""
        return f"{self.hart.ident.origin}/{self.hart.ident.name}"

    @property
    def needed(self) -> str:
        """A name that the package needs to run."""
        return f"{self.hart.ident.origin}/lib"

    def upload(self, hart: Hart) -> Reply:
        """Upload an archive."""
        query = {"checksum": hart.checksum, "target": hart.target, "forced": "false"}
        return self.depot.post(f"/depot/pkgs/{hart.path}", by=self.token, body=hart.content, query=query)


@pytest.fixture
def shelf(depot: Depot) -> Shelf:
    """A new origin with a package in `stable`."""
    token = depot.post("/profile/access-tokens", by="lkennedy").json()["token"]
    origin = an_origin(depot, owner="lkennedy")
    name = a_name("tool")
    tdeps = tuple(f"core/dep-{number}/1.0/20240101000000" for number in range(25))
    deps = (f"{origin}/lib/1.0/20240101000000",)
    shelf = Shelf(
        depot,
        token,
        a_hart(origin=origin, name=name, version="1.0.0", deps=deps, tdeps=tdeps),
        a_hart(origin=origin, name=name, version="1.1.0", deps=deps, tdeps=tdeps),
    )
    assert shelf.upload(shelf.hart).status == 201
    assert depot.put(f"{shelf.in_stable(shelf.hart)}/promote", by=token).status == 200
    fold_shard_of(shelf.name)
    assert depot.get(f"/rdeps/{shelf.needed}/group").status == 200  # reads the build graph
    assert depot.get("/depot/pkgs/search/tool").status == 200  # reads the name index
    return shelf


BUDGETS: dict[str, tuple[int, Callable[[Shelf], Reply]]] = {
    "show": (2, lambda s: s.depot.get(s.package, by=s.token)),
    "latest": (2, lambda s: s.depot.get(f"/depot/pkgs/{s.name}/latest", by=s.token)),
    "latest of a version": (2, lambda s: s.depot.get(f"/depot/pkgs/{s.name}/1.0.0/latest", by=s.token)),
    "channel latest": (2, lambda s: s.depot.get(f"{s.stable}/{s.hart.ident.name}/latest", by=s.token)),
    "channel exact": (2, lambda s: s.depot.get(s.in_stable(s.hart), by=s.token)),
    "download": (3, lambda s: s.depot.get(f"{s.package}/download", by=s.token)),
    "list of an origin": (3, lambda s: s.depot.get(f"/depot/pkgs/{s.hart.ident.origin}", by=s.token)),
    "list of a name": (3, lambda s: s.depot.get(f"/depot/pkgs/{s.name}", by=s.token)),
    "list of a channel": (3, lambda s: s.depot.get(s.stable, by=s.token)),
    "list of settings": (3, lambda s: s.depot.get(f"/depot/{s.hart.ident.origin}/pkgs", by=s.token)),
    "projects": (2, lambda s: s.depot.get(f"/projects/{s.hart.ident.origin}", by=s.token)),
    "groups of an origin": (3, lambda s: s.depot.get(f"/depot/pkgs/schedule/{s.hart.ident.origin}/status", by=s.token)),
    "reverse dependencies in groups": (2, lambda s: s.depot.get(f"/rdeps/{s.needed}/group", by=s.token)),
    "search": (3, lambda s: s.depot.get(f"/depot/pkgs/search/{s.hart.ident.name}?distinct=true", by=s.token)),
    "search for packages": (5, lambda s: s.depot.get(f"/depot/pkgs/search/{s.hart.ident.name}", by=s.token)),
    "search, anonymous": (1, lambda s: s.depot.get(f"/depot/pkgs/search/{s.hart.ident.name}?distinct=true")),
    "search for packages, anonymous": (3, lambda s: s.depot.get(f"/depot/pkgs/search/{s.hart.ident.name}")),
    "demote": (4, lambda s: s.depot.put(f"{s.in_stable(s.hart)}/demote", by=s.token)),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_a_warm_request_stays_within_its_budget(shelf: Shelf, name: str) -> None:
    budget, request = BUDGETS[name]

    with counted_calls() as calls:
        reply = request(shelf)

    assert reply.status < 300, reply
    assert calls.total() <= budget, calls


def test_the_first_search_of_a_process_stays_within_its_budget(shelf: Shelf) -> None:
    """The snapshots of the name index, and the log since then."""
    for by, budget in ((None, 2), (shelf.token, 3)):
        cached_index.forget()
        with counted_calls() as calls:
            assert shelf.depot.get(f"/depot/pkgs/search/{shelf.hart.ident.name}?distinct=true", by=by).status == 200

        assert calls.total() <= budget, calls


def test_a_promotion_stays_within_its_budget(shelf: Shelf) -> None:
    assert shelf.upload(shelf.next).status == 201

    with counted_calls() as calls:
        reply = shelf.depot.put(f"{shelf.in_stable(shelf.next)}/promote", by=shelf.token)

    assert reply.status == 200
    assert calls.total() <= 4, calls


def test_the_table_calls_of_an_upload_stay_within_their_budget(shelf: Shelf) -> None:
    with counted_calls() as calls:
        reply = shelf.upload(shelf.next)

    assert reply.status == 201
    assert sum(calls[name] for name in TABLE_CALLS) <= 6, calls
    assert calls["PutObject"] == 1, calls


def test_an_upload_that_folds_the_changes_of_a_shard_makes_three_more_calls(shelf: Shelf) -> None:
    with counted_calls() as without_fold:
        assert shelf.upload(shelf.next).status == 201
    ident = shelf.hart.ident
    last = a_hart(origin=ident.origin, name=ident.name, version="1.2.0", deps=(f"{shelf.needed}/1.0/20240101000000",))
    make_fold_due(shelf.name)

    with counted_calls() as with_fold:
        assert shelf.upload(last).status == 201

    assert with_fold.total() == without_fold.total() + 3, with_fold


@pytest.mark.parametrize("dependents", [0, 40, 300])
def test_the_calls_of_a_new_job_group_stay_within_their_budget(shelf: Shelf, dependents: int) -> None:
    """Without those of the graph and of the jobs that start. Above 80 projects, a transaction for each 95 of them.

    Three rows per project are read: the project, which may have no automatic builds; the count of its jobs, which holds
    the duration of the last build; and the ident of its latest release, which may be deleted. The second and the third
    belong to the name and to the release, so none of the three can hold what the others do without a write that
    conflicts with theirs.
    """
    root = shelf.name
    names = [f"{root}-{number}" for number in range(dependents)]
    with a_recording_engine() as engine:
        engine.graph = a_graph_of({root: (), **{name: [root] for name in names}})
        for name in (root, *names):
            a_stored_project(name)
        with counted_calls() as calls:
            reply = shelf.depot.post(
                f"/depot/pkgs/schedule/{root}?target=x86_64-linux", by=shelf.token, headers={"User-Agent": "hab/1"}
            )

    assert len(reply.json()["projects"]) == dependents + 1
    reads = 3 * -(-(dependents + 1) // 100)
    writes = 1 if dependents < 80 else 3 + dependents // 95 + 1
    assert calls.total() <= 3 + reads + writes, calls


def test_an_upload_with_a_new_dependency_reads_the_build_graph_with_one_more_call(shelf: Shelf) -> None:
    more = (f"{shelf.needed}/1.0/20240101000000", "core/other/1.0/20240101000000")
    next_hart = a_hart(origin=shelf.hart.ident.origin, name=shelf.hart.ident.name, version="1.2.0", deps=more)

    with counted_calls() as calls:
        reply = shelf.upload(next_hart)

    assert reply.status == 201
    assert sum(calls[name] for name in TABLE_CALLS) <= 7, calls


@pytest.mark.parametrize("new", [25, 26, 300, 4_000])
@pytest.mark.parametrize("is_first", [False, True])
def test_an_upload_makes_few_calls_whatever_it_depends_on(
    shelf: Shelf, new: int, is_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authentication, reads, the object, hints, the transaction, and the start of the execution that writes hints.

    A new direct dependency costs one more call, which reads the build graph (see above).
    """
    started: list[tuple[object, ...]] = []
    monkeypatch.setattr(long_change_motor, "start", lambda *arguments: started.append(arguments))
    ident = shelf.hart.ident
    tdeps = tuple(f"core/more-{number}/1.0/20240101000000" for number in range(new))
    name = a_name("tool") if is_first else ident.name
    deps = (f"{shelf.needed}/1.0/20240101000000",)
    hart = a_hart(origin=ident.origin, name=name, version="1.2.0", deps=deps, tdeps=tdeps)

    with counted_calls() as calls:
        reply = shelf.upload(hart)

    assert reply.status == 201
    assert len(started) == (new > 25)
    assert calls.total() + len(started) <= 8, calls


def test_a_download_in_front_mode_reads_the_object_once(shelf: Shelf) -> None:
    with counted_calls() as calls:
        shelf.depot.get(f"{shelf.package}/download", by=shelf.token)

    assert calls["GetObject"] == 1, calls


def test_the_requests_of_a_worker_stay_within_their_budgets(depot: Depot) -> None:
    """For an origin without secrets and integrations, which are read with calls of their own."""
    origin = an_origin(depot, owner="lkennedy")
    worker = a_worker(depot, origin, by="lkennedy")
    worker.claims()  # notes that the worker was seen, which happens once a minute

    with counted_calls() as idle:
        assert worker.claims().status == 204
    job = a_waiting_job(origin)
    with recorded_motor():
        with counted_calls() as claim:
            bundle = worker.gets()
        with counted_calls() as heartbeat:
            reply = depot.post(f"/work/jobs/{job.id}/heartbeat", by=bundle["token"])
        assert reply.status == 200
        with counted_calls() as result:
            reply = depot.post(f"/work/jobs/{job.id}/result", by=bundle["token"], json={"kind": "returned"})
        assert reply.status == 204

    assert idle.total() <= 4, idle
    assert claim.total() - claim["GetSecretValue"] <= 7, claim
    assert heartbeat.total() <= 3, heartbeat
    assert result.total() <= 4, result
