"""Rights granted are rights used: the suite enforces the policies of the template, and every right is used here."""

import hashlib
import hmac
from contextlib import suppress
from datetime import timedelta
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

import app
from chalicelib.accounts.sign_in import service as sign_in
from chalicelib.builds import motor
from chalicelib.builds.groups import after_upload
from chalicelib.builds.groups import archive as old_groups
from chalicelib.builds.jobs import logs as logs_of_jobs
from chalicelib.catalog import fences, name_log, origin_summaries, package_rows
from chalicelib.catalog.lists import list_folding
from chalicelib.catalog.long_changes import long_change_motor, long_change_states
from chalicelib.catalog.package_rows import DependentRow
from chalicelib.channels import deletion, newest_of_all
from chalicelib.channels import service as channels
from chalicelib.channels.bulk import moves
from chalicelib.channels.bulk import service as bulk
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.ident import PackageIdent
from chalicelib.core.long_change import LongChangeKind
from chalicelib.core.target import Target
from chalicelib.ext import notices
from chalicelib.github import app_token, installation
from chalicelib.graph import nodes as graph_nodes
from chalicelib.identity import credentials
from chalicelib.long_changes import steps as long_change_steps
from chalicelib.packages import artifacts, download, hints, pending_hints
from chalicelib.packages import upload as publishing
from chalicelib.packages.search import snapshots as name_snapshots
from chalicelib.platform import cdn, key_ring, logs, object_store, secret_settings, site, transfers
from chalicelib.platform.aws import client
from chalicelib.platform.background import Failed
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectMissing, ObjectStoreFailed
from chalicelib.platform.table import put_many, rows
from chalicelib.scheduled import cursors, event_upkeep, long_change_watch, name_log_upkeep, sweep, sweep_rows
from chalicelib.uploads import finishing, leftovers
from chalicelib.uploads import rows as upload_rows
from chalicelib.uploads import service as uploads
from infra.template import REPOSITORY, read_template
from tests.api.client import Depot
from tests.builders import operator_secrets
from tests.builders.accounts import an_account
from tests.builders.bulk import changes
from tests.builders.group_rows import a_group as a_group_row
from tests.builders.hart import a_hart
from tests.builders.job_groups import a_group, start
from tests.builders.names import a_name
from tests.builders.operator_secrets import an_operator_secret
from tests.builders.origins import an_origin
from tests.builders.package_requests import UPLOADER
from tests.builders.packages import a_channel, a_package, demote, promote, set_visibility
from tests.builders.project_rows import a_project_row
from tests.builders.releases import a_release, promoted, with_visibility
from tests.builders.settings import change_settings
from tests.builders.stack import Stack, process_tree
from tests.builders.uploads import MIB, StartedUpload, an_upload
from tests.builders.workers import a_worker
from tests.rights import enforcement, rare_work
from tests.rights.enforcement import Enforcement, enforced, running_as
from tests.rights.evaluation import Policies, Right
from tests.rights.needs import OperationUnmapped
from tests.rights.policies import machine_arn, own_policies, policies_of

USED_BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Lambda itself uses these rights of a function: to write its log, to send failed events, and to send traces."""

EVENT = dict.fromkeys(
    ("version", "account", "region", "detail", "detail-type", "source", "time", "id", "resources"), ""
)
UNREACHABLE = "http://127.0.0.1:9"


def granted(function: str) -> set[Right]:
    """Return the rights of a function that its own calls need."""
    rights = own_policies().granted()
    return {right for right in rights if right.function == function and right.action not in USED_BY_LAMBDA}


def without(action: str) -> Policies:
    """Return our policies without an action."""
    template = read_template()
    for resource in template["Resources"].values():
        for statement in resource.get("Properties", {}).get("PolicyDocument", {}).get("Statement", ()):
            actions = statement.get("Action", [])
            statement["Action"] = [
                each for each in ([actions] if isinstance(actions, str) else actions) if each != action
            ]
    return policies_of(template)


@pytest.fixture
def _new_process() -> None:
    key_ring.key_ring.cache_clear()
    credentials._claims.cache_clear()
    secret_settings._value.cache_clear()
    cdn._private_key.cache_clear()


def use_the_table_and_the_bucket(depot: Depot) -> None:
    """Send requests that need each right on the table and the bucket."""
    origin = an_origin(depot)
    a_channel(depot, origin, "dev")
    hart = a_package(depot, origin, tdeps=NEEDED)
    promote(depot, hart, "dev")
    assert depot.get(f"/depot/origins/{origin}", by="bobo").status == 200
    upload = an_upload(depot, a_hart(origin=origin, name=a_name("open"))).send(1)
    assert upload.state()["parts"] == []
    assert depot.delete(upload.url, by="bobo").status == 204
    assert depot.get(f"{hart.url}/download?redirect=s3").status == 302
    demote(depot, hart, "dev")
    assert depot.delete(hart.url, by="bobo").status == 204


def use_other_objects(depot: Depot, patch: pytest.MonkeyPatch) -> None:
    """Read long texts of a package, the log of an old job, and the entries of an old job group."""
    patch.setattr(publishing, "INLINE_TEXTS_BYTES", 1)
    hart = a_package(depot, an_origin(depot))
    assert depot.get(hart.in_channel("unstable")).status == 200
    with running_as("APIHandler"):
        assert old_groups.entries_of(a_group_row(GroupState.COMPLETE)) == []
        with suppress(ObjectMissing):
            object_store.call("get_object", Key=logs_of_jobs.archive_name(1))


def use_the_secrets(depot: Depot, patch: pytest.MonkeyPatch) -> None:
    """Send requests that need the builder key, the signing key, and the secrets of the operator."""
    pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings = replace(
        config,
        functional_test=False,
        download_mode="redirect",
        cdn_url="https://cdn.example",
        cdn_key_id="K1",
        cdn_key_secret=an_operator_secret(operator_secrets.CDN_SIGNING_KEY, pem.decode()),
        oauth_token_url=UNREACHABLE,
        oauth_client_secret_arn=an_operator_secret(operator_secrets.CLIENT_SECRET, "hush"),
        github_api_url=UNREACHABLE,
        github_app_id="1",
        github_app_private_key_arn=an_operator_secret(operator_secrets.APP_PRIVATE_KEY, pem.decode()),
        github_webhook_secret_arn=an_operator_secret(operator_secrets.WEBHOOK_SECRET, "hush\n"),
        site_key_secret=an_operator_secret(operator_secrets.SITE_KEY, "hush"),
    )
    account = an_account()
    assert depot.post("/profile/access-tokens", by=account.token).status == 200
    hart = a_package(depot, an_origin(depot))
    for module in (download, cdn, sign_in, app_token, installation, notices, site):
        patch.setattr(module, "config", settings)

    assert depot.get(f"{hart.url}/download").headers["Location"].startswith("https://cdn.example/")
    assert depot.get("/authenticate/a-code", headers={site.KEY_HEADER: "hush"}).status == 401
    assert depot.get("/ext/installations/1/repos/1/contents/a", by=account.token).status == 403
    signature = hmac.new(b"hush", b"{}", hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "ping", "X-Hub-Signature-256": f"sha256={signature}"}
    assert depot.post("/notify", body=b"{}", headers=headers).status == 200


def invoke_the_function(depot: Depot, patch: pytest.MonkeyPatch) -> None:
    """Complete an upload as the deployed API does. The engine has no such function."""
    upload = an_upload(depot, a_hart(origin=an_origin(depot))).send()
    patch.setattr(uploads, "config", replace(config, upload_function="FinishUpload"))
    assert upload.complete().status == 503
    origin = an_origin(depot)
    builds_of_dependents_start(patch, origin)
    a_package(depot, origin, name=BUILT)


NEEDED = ("core/glibc/2.27/20240101000000",)
"""The transitive dependencies of a package. An upload writes hints for them in a batch."""

BUILT = "built"
"""The name of packages whose uploads cause builds."""


def builds_of_dependents_start(patch: pytest.MonkeyPatch, origin: str) -> None:
    """Let uploads of a package start the function that builds dependents. The engine has no such function."""
    put_many([a_project_row(f"{origin}/{BUILT}")])
    patch.setattr(after_upload, "config", replace(config, build_function="ScheduleDependents"))
    patch.setattr(logs, "unexpected_error", lambda _: None)


def drive_builds(patch: pytest.MonkeyPatch) -> None:
    """Start and wake executions. The engine has no such state machines."""
    use_state_machines(patch)
    with running_as("APIHandler"):
        long_change_motor.start(LongChangeKind.HINTS, "core", "x86_64-linux-1")
        motor.start_group(1)
        motor.start_job(1, 1)
        motor.end_wait("a token")
        motor.heartbeat("a token")


def use_state_machines(patch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Set the settings of the state machines in some modules, and do not log that the engine has none."""
    change_settings(
        patch,
        [motor, long_change_motor, *modules],
        group_machine=machine_arn("GroupMachine"),
        job_machine=machine_arn("JobMachine"),
        long_change_machine=machine_arn("LongChangeMachine"),
    )
    patch.setattr(logs, "failed_call", lambda _: None)


@pytest.mark.usefixtures("_new_process")
def test_the_api_uses_every_right(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    with enforced(own_policies()) as used_by:
        use_the_table_and_the_bucket(depot)
        use_other_objects(depot, monkeypatch)
        invoke_the_function(depot, monkeypatch)
        use_the_secrets(depot, monkeypatch)
        drive_builds(monkeypatch)

    assert_all_used(used_by, "APIHandler")


def assert_all_used(used_by: Enforcement, function: str) -> None:
    assert used_by.refused == []
    assert granted(function) - used_by.used == set(), "remove these rights from infra/resources"
    values = {value for value in own_policies().permitted_values() if value.function == function}
    assert values - used_by.used_values == set(), "remove these values of conditions from infra/resources"


def test_the_function_that_finishes_uploads_uses_every_right(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = an_origin(depot)
    whole, empty = (an_upload(depot, a_hart(origin=origin, name=a_name("part"), tdeps=NEEDED)) for _ in range(2))
    whole.send()
    deleted = an_origin(depot)
    orphaned = an_upload(
        depot, a_hart(origin=deleted, name=a_name("part"), tdeps=NEEDED)
    ).send()  # its hints are removed again
    assert depot.delete(f"/depot/origins/{deleted}", by="bobo").status == 204
    built = an_upload(depot, a_hart(origin=origin, name=BUILT, tdeps=[f"{origin}/lib/1/1"])).send()
    forced, returned = uploads_of_known_idents(depot, origin)
    of_a_job = an_upload_of_a_job(depot)
    use_state_machines(monkeypatch)
    builds_of_dependents_start(monkeypatch, origin)
    row = upload_rows.find(empty.id)
    client("s3").abort_multipart_upload(Bucket=config.bucket, Key=f"_staging/{row.id}.hart", UploadId=row.multipart)
    client("s3").put_object(Bucket=config.bucket, Key="_staging/large.hart", Body=bytes(6 * MIB))
    monkeypatch.setattr(transfers, "COPY_PART_BYTES", 5 * MIB)
    monkeypatch.setattr(publishing, "INLINE_TEXTS_BYTES", 1)
    monkeypatch.setattr(origin_summaries, "SETTLED", rare_work.BEFORE)
    monkeypatch.setattr(graph_nodes, "FOLD_EVERY", 1)

    def interrupt() -> None:
        raise ObjectStoreFailed

    with enforced(own_policies()) as used_by:
        for upload in (whole, empty, orphaned, forced, returned, of_a_job, built):
            fences.forget()
            if upload is built:
                monkeypatch.setattr(hints, "PENDING_AFTER", 0)
            attempt = upload_rows.acquire_lease(upload_rows.find(upload.id))
            app.finish_upload({"upload_id": upload.id, "attempt": attempt}, None)
        with running_as("FinishUpload"):  # another upload was faster
            hints.remove_of_refused(PackageIdent(origin, "part", "1", "1"), Target.X86_64_LINUX, [(origin, "lib")])
        with running_as("FinishUpload"), suppress(ObjectStoreFailed):
            artifacts.copy("_staging/large.hart", "core/large/1/1/large.hart", interrupt)
        with running_as("FinishUpload"):  # after some of many uploads, and for a job
            fold_names()
        rare_work.fold_lists(depot, "FinishUpload", monkeypatch)

    assert_all_used(used_by, "FinishUpload")


def uploads_of_known_idents(depot: Depot, origin: str) -> tuple[StartedUpload, StartedUpload]:
    """Begin a forced upload of a package that was private, and the upload of one that was deleted after its promotion.

    The first one changes the visibility of the package. Its texts are too long for a row.
    """
    known = a_package(depot, origin, name="known")
    gone = a_package(depot, origin, name="gone")
    promote(depot, gone, a_channel(depot, origin, "promoted"))
    promote(depot, known, "promoted")
    demote(depot, gone, "promoted")
    assert depot.delete(gone.url, by="bobo").status == 204
    settings = {"visibility": "private"}
    assert depot.put(f"/settings/{origin}/known", by="bobo", json=settings).status == 200
    return an_upload(depot, known, forced=True).send(), an_upload(depot, gone).send()


def test_the_sweep_uses_every_right(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_rows.store_cursor("")
    origin = an_origin(depot)
    a_package(depot, origin)
    an_upload(depot, a_hart(origin=origin, name=a_name("open"))).send()
    unnamed = artifacts.key_of(PackageIdent(origin, "gone", "1", "2"), Target.X86_64_LINUX, "1")
    client("s3").put_object(Bucket=config.bucket, Key=unnamed, Body=b"debris")
    monkeypatch.setattr(sweep, "GRACE", timedelta(days=-1))
    monkeypatch.setattr(sweep, "LINK_LIFE", timedelta())
    monkeypatch.setattr(leftovers, "EXPIRED", timedelta(days=-1))
    monkeypatch.setattr(upload_rows, "LIFE_SECONDS", -1)
    an_upload(depot, a_hart(origin=origin, name=a_name("expired"))).send()

    client("s3").put_object(Bucket=config.bucket, Key=artifacts.texts_key_of(unnamed), Body=b"debris")
    an_ended_channel(depot, monkeypatch)
    monkeypatch.setattr(name_log_upkeep, "KEPT", rare_work.BEFORE)

    with enforced(own_policies()) as used_by:
        for _ in range(2):
            app.sweep(EVENT, None)
        with running_as("Sweep"):  # when the snapshots have held the changes for an hour
            name_log.delete_until(new_id(), 1)
        rare_work.fold_lists(depot, "Sweep", monkeypatch)

    assert_all_used(used_by, "Sweep")


def an_ended_channel(depot: Depot, patch: pytest.MonkeyPatch) -> None:
    """Delete a channel whose list has an index and a view."""
    patch.setattr(newest_of_all, "FEW_PACKAGES", 0)
    patch.setattr(list_folding, "SETTLED", rare_work.BEFORE)
    patch.setattr(list_folding, "KEPT", rare_work.BEFORE)
    origin = an_origin(depot)
    promote(depot, a_package(depot, origin), a_channel(depot, origin, "ended"))
    latest = f"/depot/channels/{origin}/ended/pkgs/_latest"
    assert depot.get(latest, query={"target": "x86_64-linux"}).status == 200
    list_folding.fold(origin)
    channels.delete(origin, "ended", UPLOADER)


def an_unfinished_deletion(depot: Depot, origin: str, patch: pytest.MonkeyPatch) -> str:
    """Delete a channel with a package, which is interrupted before any package leaves it. Returns the id."""
    hart = a_package(depot, origin)
    a_channel(depot, origin, "leaving")
    promote(depot, hart, "leaving")
    with patch.context() as interruption:
        interruption.setattr(deletion, "_remove_members", lambda *_: False)
        channels.delete(origin, "leaving", UPLOADER)
    return str(changes(origin)[-1].id)


def pending_hints_of(origin: str) -> list[str]:
    """Return the ids of the packages of an origin whose hints are not written yet, ascending."""
    partition = pending_hints.pending_partition(Target.X86_64_LINUX)
    return [row.sk for row in rows(pending_hints.PendingHintsRow, partition) if f"{origin}/" in row.ident]


def test_the_steps_of_long_changes_use_every_right(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    use_state_machines(monkeypatch)
    origin = an_origin(depot)
    a_channel(depot, origin, "from")
    for _ in range(3):
        promote(depot, a_package(depot, origin, name=a_name("tool")), "from")
    monkeypatch.setattr(moves, "TRANSACTION_LIMIT", moves.SHARED_ROWS + 3)
    with monkeypatch.context() as slow:
        slow.setattr(bulk, "SECONDS", -1.0)
        url = f"/depot/channels/{origin}/from/pkgs/promote"
        assert depot.put(url, by="bobo", query={"channel": "to"}).status == 503
    [promotion] = changes(origin)
    unfinished = an_unfinished_deletion(depot, origin, monkeypatch)
    monkeypatch.setattr(hints, "PENDING_AFTER", 0)
    deleted = a_package(depot, origin, name="deleted", tdeps=[f"{origin}/lib/1/1"])
    forgotten = pending_hints_of(origin)[-1]
    assert depot.delete(deleted.url, by="bobo").status == 204
    a_package(depot, origin, name="needy", tdeps=[f"{origin}/lib/1/1"])
    pending = pending_hints_of(origin)[-1]
    monkeypatch.setattr(long_change_states, "LEASE_SECONDS", 0.0)
    monkeypatch.setattr(long_change_steps, "ROUNDS", 1)
    fences.forget()

    def step(kind: str, identifier: str) -> None:
        event = {"kind": kind, "origin": origin, "id": identifier, "generation": 1, "rounds": 0}
        with suppress(Failed):  # the engine has no state machine to start
            app.continue_long_change(event, None)

    with enforced(own_policies()) as used_by:
        with monkeypatch.context() as slow:
            slow.setattr(long_change_steps, "SECONDS", -1.0)
            step("channel-deletion", unfinished)
            step("promotion", str(promotion.id))
        step("promotion", str(promotion.id))
        step("hints", f"x86_64-linux-{int(pending)}")
        step("hints", f"x86_64-linux-{int(forgotten)}")
        rare_work.fold_lists(depot, "ContinueLongChange", monkeypatch)

    assert [row.state for row in changes(origin)] == ["done", "done"]
    assert_all_used(used_by, "ContinueLongChange")


def test_the_watchdog_of_long_changes_uses_every_right(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    use_state_machines(monkeypatch)
    an_unfinished_deletion(depot, an_origin(depot), monkeypatch)
    monkeypatch.setattr(long_change_watch, "IDLE_SECONDS", -10.0)

    with enforced(own_policies()) as used_by:
        app.watch_long_changes(EVENT, None)

    assert_all_used(used_by, "WatchLongChanges")


def test_the_application_of_retention_uses_every_right(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = an_origin(depot)
    needed = a_package(depot, origin, name="tool", version="1.0", tdeps=NEEDED)
    a_package(depot, origin, name="tool", version="1.0", target="x86_64-windows")
    set_visibility(depot, a_package(depot, origin, name="tool", version="1.1"), "private")
    a_package(depot, origin, name="tool", version="0.8")
    a_package(depot, origin, name="seen")
    set_visibility(depot, a_package(depot, origin, name="seen", version="2.0"), "private")
    a_package(depot, origin, name="other", tdeps=[needed.path.replace("tool/1.0", "tool/0.9")])
    hint = package_rows.dependent_key((origin, "tool"), Target.X86_64_LINUX, origin, "gone")
    put_many([DependentRow(hint.pk, hint.sk)])
    policy = {"keep_per_name": 1, "older_than_days": 0}
    assert depot.put(f"/retention/{origin}", by="bobo", json=policy).status == 200
    fences.forget()

    with enforced(own_policies()) as used_by:
        app.apply_retention(EVENT, None)
        rare_work.fold_lists(depot, "ApplyRetention", monkeypatch)

    assert_all_used(used_by, "ApplyRetention")


def test_the_folds_of_events_use_every_right(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = an_origin(depot)
    release = a_release(depot, origin, "tool")
    promoted(depot, release, "stable")
    app.fold_events(EVENT, None)  # the next fold reads the index
    with_visibility(depot, release, "private")
    promoted(depot, a_release(depot, origin, "tool"), "stable")
    cursors.store_cursor("event-orphans", "")
    monkeypatch.setattr(event_upkeep, "FEW_EVENTS", 0)
    monkeypatch.setattr(event_upkeep, "PER_SHARD", 0.001)

    with enforced(own_policies()) as used_by:
        app.fold_events(EVENT, None)

    assert_all_used(used_by, "FoldEvents")


def an_upload_of_a_job(depot: Depot) -> StartedUpload:
    """Begin an upload with the token of a job."""
    origin = an_origin(depot)
    worker = a_worker(depot, origin)
    start(a_group([[]], origin=origin))
    token = worker.gets()["token"]
    return an_upload(depot, a_hart(origin=origin, name="package-0"), by=token).send()


def fold_names() -> None:
    """Do what an upload does after some of many new names and settings."""
    name_snapshots.fold()
    origin_summaries.fold()


@pytest.mark.parametrize("action", ["dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "s3:PutObject"])
def test_the_first_upload_of_a_name_fails_without_a_right(depot: Depot, action: str) -> None:
    hart = a_hart(origin=an_origin(depot), tdeps=NEEDED)

    with enforced(without(action)) as limited:
        reply = depot.post(hart.url, by="bobo", body=hart.content, query={"checksum": hart.checksum})

    assert reply.status in (502, 503)
    assert action in limited.refused[0]


def test_a_signed_url_needs_the_rights_of_its_operation(depot: Depot) -> None:
    origin = an_origin(depot)

    with enforced(without("s3:PutObject")) as limited:
        depot.post("/depot/uploads", by="bobo", json={"ident": f"{origin}/tool/1/2", "checksum": "0" * 64})
        with running_as("APIHandler"), suppress(Exception):
            client("s3").generate_presigned_url("upload_part", Params={"Bucket": config.bucket, "Key": "a"})

    assert any("s3:PutObject" in cause for cause in limited.refused)


def test_a_missing_object_needs_the_right_to_list_the_bucket(depot: Depot) -> None:
    with enforced(without("s3:ListBucket")) as limited, running_as("APIHandler"), pytest.raises(ObjectStoreFailed):
        artifacts.read("texts/missing")

    assert limited.refused == ["APIHandler may not s3:ListBucket on arn:aws:s3:::bldr-artifacts"]


def test_an_operation_without_known_actions_is_refused(depot: Depot) -> None:
    with enforced(own_policies()) as limited, running_as("APIHandler"), pytest.raises(OperationUnmapped):
        client("dynamodb").list_tables()

    assert limited.refused == ["the actions of dynamodb:ListTables are not known"]


def test_the_api_of_a_stack_is_checked_as_well(stack: Stack) -> None:
    stack.an_origin()

    notes = enforcement.noted(enforcement.notes_folder(), "used")
    processes = [notes[str(process)] for process in process_tree(stack.pid) if str(process) in notes]

    assert any("dynamodb:PutItem" in right for used in processes for right in used)


def test_the_gateway_has_no_rights() -> None:
    """It sends archives to presigned URLs. Only a function or a role of the template could give it rights."""
    requirements = REPOSITORY / "gateway" / "requirements.txt"

    assert "boto" not in requirements.read_text()
    assert set(own_policies().statements) == set(enforcement.ENTRIES)


def test_finishing_is_what_the_function_runs() -> None:
    assert enforcement.ENTRIES["FinishUpload"] == (finishing, "finish")
