"""The metrics in the log lines of requests: names, units and dimensions (OPERATIONS.md, "Metrics")."""

from collections.abc import Callable

import pytest

from chalicelib.channels import service as channels
from chalicelib.platform.change import Stale
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.builders.log_lines import Log, metrics_in
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import upload
from tests.builders.releases import a_release
from tests.builders.uploads import an_upload
from tests.builders.waiting import until
from tests.faults.injector import Attempt, Fault, cancelled, faults

STAGE = {"service": "habitat-builder", "stage": "test"}
LATEST = "GET /depot/pkgs/{origin}/{pkg}/latest"
UPLOAD = "POST /depot/pkgs/{origin}/{pkg}/{version}/{release}"
Send = Callable[[Depot, Hart], Reply]


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    return an_origin(depot)


def test_a_read_counts_by_route_and_status(depot: Depot, origin: str, log: Log) -> None:
    ident = a_release(depot, origin)
    log.lines.clear()

    assert depot.get(f"/depot/pkgs/{origin}/{ident.name}/latest").status == 200

    [line] = log.parsed
    metrics = metrics_in(line)
    assert metrics.keys() == {"Requests", "ServerErrors", "Duration"}
    assert metrics["Requests"] == {
        "unit": "Count",
        "values": [1],
        "dimensions": [{**STAGE, "route": LATEST, "status": "200"}, STAGE],
    }
    assert metrics["ServerErrors"] == {"unit": "Count", "values": [0], "dimensions": [STAGE]}
    assert metrics["Duration"] == {"unit": "Milliseconds", "values": [line["ms"]], "dimensions": [STAGE]}


def test_an_upload_counts_its_bytes_and_its_transaction(depot: Depot, origin: str, log: Log) -> None:
    hart = a_hart(origin=origin, name=a_name("tool"))

    assert upload(depot, hart).status == 201

    metrics = metrics_in(log.named("request")[-1])
    assert metrics["UploadedBytes"] == {"unit": "Bytes", "values": [len(hart.content)], "dimensions": [STAGE]}
    assert metrics["TransactionTries"] == {"unit": "Count", "values": [1], "dimensions": [STAGE]}
    assert "RefusedUploads" not in metrics


def posted(content: bytes | None = None, **query: str) -> Send:
    def send(depot: Depot, hart: Hart) -> Reply:
        sent = {"checksum": hart.checksum, "target": hart.target, **query}
        body = hart.content if content is None else content
        return depot.post(f"/depot/pkgs/{hart.path}", by="bobo", body=body, query=sent)

    return send


def posted_twice(depot: Depot, hart: Hart) -> Reply:
    assert posted()(depot, hart).status == 201
    return posted()(depot, hart)


def begun_after_a_post(depot: Depot, hart: Hart) -> Reply:
    assert posted()(depot, hart).status == 201
    announced = {"ident": hart.path, "target": hart.target, "checksum": hart.checksum, "size": len(hart.content)}
    return depot.post("/depot/uploads", by="bobo", json=announced)


@pytest.mark.parametrize(
    ("send", "status", "kind"),
    [
        (posted(b"no archive"), 422, "HartUnreadable"),
        (posted(checksum="0" * 64), 422, "ChecksumMismatch"),
        (posted_twice, 409, "ReleaseExists"),
        (begun_after_a_post, 409, "ReleaseExists"),
    ],
    ids=["unreadable", "checksum", "exists", "begin"],
)
def test_a_refused_upload_counts_by_kind(
    depot: Depot, origin: str, log: Log, send: Send, status: int, kind: str
) -> None:
    reply = send(depot, a_hart(origin=origin, name=a_name("tool")))

    assert reply.status == status
    metrics = metrics_in(log.named("request")[-1])
    assert metrics["RefusedUploads"] == {
        "unit": "Count",
        "values": [1],
        "dimensions": [{**STAGE, "refusal": kind}, STAGE],
    }
    assert "UploadedBytes" not in metrics


def test_an_invalid_ident_counts_as_a_refused_upload(depot: Depot, origin: str, log: Log) -> None:
    reply = depot.post(f"/depot/pkgs/{origin}/a%20b/1/2?checksum=0&target=x86_64-linux", by="bobo", body=b"")

    assert reply.status == 422
    assert metrics_in(log.named("request")[-1])["RefusedUploads"]["dimensions"][0]["refusal"] == "IdentInvalid"


def test_a_conflict_counts_every_try_of_the_transaction(depot: Depot, origin: str, log: Log) -> None:
    conflict = cancelled("TransactionConflict")

    def first_two(attempt: Attempt) -> Fault | None:
        return conflict if attempt.operation == "TransactWriteItems" and attempt.number <= 2 else None

    with faults(first_two):
        assert depot.post(f"/depot/channels/{origin}/{a_name('channel')}", by="bobo").status == 201

    assert metrics_in(log.named("request")[-1])["TransactionTries"]["values"] == [3]


def test_stale_rows_count_as_further_tries_of_the_same_transaction(depot: Depot, origin: str, log: Log) -> None:
    ident = a_release(depot, origin)
    channel = a_name("channel")
    assert depot.post(f"/depot/channels/{origin}/{channel}", by="bobo").status == 201
    condition_failed = cancelled("ConditionalCheckFailed")
    sent: list[Attempt] = []

    def first_two(attempt: Attempt) -> Fault | None:
        if attempt.operation != "TransactWriteItems":
            return None
        sent.append(attempt)
        return condition_failed if len(sent) <= 2 else None

    with faults(first_two):
        path = f"/depot/channels/{origin}/{channel}/pkgs/{ident.name}/{ident.version}/{ident.release}/promote"
        assert depot.put(path, by="bobo").status == 200

    assert metrics_in(log.named("request")[-1])["TransactionTries"]["values"] == [3]


def test_a_server_error_counts_and_its_cause_has_the_same_id(
    depot: Depot, origin: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Stale

    monkeypatch.setattr(channels, "create", fail)
    reply = depot.post(f"/depot/channels/{origin}/{a_name('channel')}", by="bobo")

    assert reply.status == 500
    [cause, request] = log.parsed
    assert cause["message"] == "unexpected error"
    assert cause["problem"][0]["type"].endswith("Stale")
    metrics = metrics_in(request)
    assert metrics["ServerErrors"] == {"unit": "Count", "values": [1], "dimensions": [STAGE]}
    assert metrics["Requests"]["dimensions"][0]["status"] == "500"
    assert cause["correlation_id"] == request["correlation_id"] == reply.headers["x-request-id"]


def test_the_function_that_finishes_an_upload_counts_the_bytes_once(depot: Depot, origin: str, log: Log) -> None:
    hart = a_hart(origin=origin, name=a_name("tool"))
    started = an_upload(depot, hart).send()
    log.lines.clear()

    reply = started.complete()

    assert reply.status == 201
    assert until(lambda: len(log.named("function")) == 1)
    [function] = log.named("function")
    assert metrics_in(function)["UploadedBytes"]["values"] == [len(hart.content)]
    assert "UploadedBytes" not in metrics_in(log.named("request")[-1])
    assert function["correlation_id"] == reply.headers["x-request-id"]
