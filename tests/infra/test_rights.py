"""Rights granted are rights used: the suite enforces the policies of the template, and every right is used here."""

import hashlib
import hmac
import json
import re
from contextlib import suppress
from datetime import timedelta
from importlib.resources import files
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

import app
from chalicelib.accounts.sign_in import service as sign_in
from chalicelib.builds import motor
from chalicelib.builds.groups import after_upload
from chalicelib.catalog import fences
from chalicelib.catalog.long_changes import long_change_motor, long_change_states
from chalicelib.channels import deletion
from chalicelib.channels import service as channels
from chalicelib.channels.bulk import moves
from chalicelib.channels.bulk import service as bulk
from chalicelib.core.ident import PackageIdent
from chalicelib.core.long_change import LongChangeKind
from chalicelib.core.target import Target
from chalicelib.ext import notices
from chalicelib.github import app_token, installation
from chalicelib.identity import credentials
from chalicelib.long_changes import steps as long_change_steps
from chalicelib.packages import artifacts, download, hints, pending_hints
from chalicelib.platform import cdn, key_ring, logs, secret_settings, site, transfers
from chalicelib.platform.aws import client
from chalicelib.platform.background import Failed
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.platform.table import put_many, rows
from chalicelib.scheduled import cursors, long_change_watch, sweep, sweep_rows
from chalicelib.uploads import finishing, leftovers
from chalicelib.uploads import rows as upload_rows
from chalicelib.uploads import service as uploads
from infra.template import REPOSITORY, read_template
from tests.api.client import Depot
from tests.builders import operator_secrets
from tests.builders.accounts import an_account
from tests.builders.bulk import changes
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.operator_secrets import an_operator_secret
from tests.builders.origins import an_origin
from tests.builders.package_requests import UPLOADER
from tests.builders.packages import a_channel, a_package, demote, promote
from tests.builders.project_rows import a_project_row
from tests.builders.releases import a_release, promoted
from tests.builders.settings import change_settings
from tests.builders.stack import Stack, process_tree
from tests.builders.uploads import MIB, an_upload
from tests.rights import enforcement
from tests.rights.actions import OPERATIONS, OperationUnmapped, needs_of
from tests.rights.enforcement import Enforcement, enforced, running_as
from tests.rights.policies import Policies, Right, Statement, machine_arn, own_policies, policies_of

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
        invoke_the_function(depot, monkeypatch)
        use_the_secrets(depot, monkeypatch)
        drive_builds(monkeypatch)

    assert_all_used(used_by, "APIHandler")


def assert_all_used(used_by: Enforcement, function: str) -> None:
    assert used_by.refused == []
    assert granted(function) - used_by.used == set(), "remove these rights from infra/resources"


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
    use_state_machines(monkeypatch)
    builds_of_dependents_start(monkeypatch, origin)
    row = upload_rows.find(empty.id)
    client("s3").abort_multipart_upload(Bucket=config.bucket, Key=f"_staging/{row.id}.hart", UploadId=row.multipart)
    client("s3").put_object(Bucket=config.bucket, Key="large", Body=bytes(6 * MIB))
    monkeypatch.setattr(transfers, "COPY_PART_BYTES", 5 * MIB)

    def interrupt() -> None:
        raise ObjectStoreFailed

    with enforced(own_policies()) as used_by:
        for upload in (whole, empty, orphaned, built):
            if upload is built:
                monkeypatch.setattr(hints, "PENDING_AFTER", 0)
            attempt = upload_rows.acquire_lease(upload_rows.find(upload.id))
            app.finish_upload({"upload_id": upload.id, "attempt": attempt}, None)
        with running_as("FinishUpload"):  # another upload was faster
            hints.remove_of_refused(PackageIdent(origin, "part", "1", "1"), Target.X86_64_LINUX, [(origin, "lib")])
        with running_as("FinishUpload"), suppress(ObjectStoreFailed):
            artifacts.copy("large", "copy", interrupt)

    assert_all_used(used_by, "FinishUpload")


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

    with enforced(own_policies()) as used_by:
        for _ in range(2):
            app.sweep(EVENT, None)

    assert_all_used(used_by, "Sweep")


def an_unfinished_deletion(depot: Depot, origin: str, patch: pytest.MonkeyPatch) -> str:
    """Delete a channel with a package, which is interrupted before any package leaves it. Returns the id."""
    hart = a_package(depot, origin)
    a_channel(depot, origin, "leaving")
    promote(depot, hart, "leaving")
    with patch.context() as interruption:
        interruption.setattr(deletion, "_remove_members", lambda *_: False)
        channels.delete(origin, "leaving", UPLOADER)
    return str(changes(origin)[-1].id)


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
    a_package(depot, origin, name="needy", tdeps=[f"{origin}/lib/1/1"])
    partition = pending_hints.pending_partition(Target.X86_64_LINUX)
    [pending] = [row.sk for row in rows(pending_hints.PendingHintsRow, partition) if f"{origin}/" in row.ident]
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

    assert [row.state for row in changes(origin)] == ["done", "done"]
    assert_all_used(used_by, "ContinueLongChange")


def test_the_watchdog_of_long_changes_uses_every_right(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    use_state_machines(monkeypatch)
    an_unfinished_deletion(depot, an_origin(depot), monkeypatch)
    monkeypatch.setattr(long_change_watch, "IDLE_SECONDS", -10.0)

    with enforced(own_policies()) as used_by:
        app.watch_long_changes(EVENT, None)

    assert_all_used(used_by, "WatchLongChanges")


def test_the_application_of_retention_uses_every_right(depot: Depot) -> None:
    origin = an_origin(depot)
    for version in ("1.0", "1.1"):
        a_package(depot, origin, name="tool", version=version)
    policy = {"keep_per_name": 1, "older_than_days": 0}
    assert depot.put(f"/retention/{origin}", by="bobo", json=policy).status == 200

    with enforced(own_policies()) as used_by:
        app.apply_retention(EVENT, None)

    assert_all_used(used_by, "ApplyRetention")


def test_the_folds_of_events_use_every_right(depot: Depot) -> None:
    origin = an_origin(depot)
    promoted(depot, a_release(depot, origin, "tool"), "stable")
    app.fold_events(EVENT, None)  # the next fold reads the index
    promoted(depot, a_release(depot, origin, "tool"), "stable")
    cursors.store_cursor("event-orphans", "")

    with enforced(own_policies()) as used_by:
        app.fold_events(EVENT, None)

    assert_all_used(used_by, "FoldEvents")


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
        artifacts.read("missing")

    assert limited.refused == ["APIHandler may not s3:ListBucket on arn:aws:s3:::bldr-artifacts"]


def test_an_operation_without_known_actions_is_refused(depot: Depot) -> None:
    with enforced(own_policies()) as limited, running_as("APIHandler"), pytest.raises(OperationUnmapped):
        client("dynamodb").list_tables()

    assert limited.refused == ["the actions of dynamodb:ListTables are not known"]


KINDS = {
    "arn:aws:dynamodb:[^/]+/[^/]+": "table",
    "arn:aws:s3:::[^/]+": "bucket",
    "arn:aws:s3:::[^/]+/.+": "object",
    "arn:aws:lambda:.+": "function",
    "arn:aws:secretsmanager:.+": "Secret",
    "arn:aws:states:.+:stateMachine:.+": "statemachine",
    "arn:aws:states:.+:execution:.+": "execution",
    "arn:aws:codebuild:.+": "project",
}


def test_the_actions_and_resources_of_operations_are_those_that_aws_lists() -> None:
    listed = json.loads(files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text())
    parameters: dict[str, Any] = {"Bucket": "b", "Key": "k", "CopySource": "b/k", "Delete": {"Objects": [{"Key": "k"}]}}
    parameters |= {"TableName": "t", "RequestItems": {"t": []}, "FunctionName": "f", "SecretId": "s"}
    parameters |= {"stateMachineArn": machine_arn("m"), "projectName": "p", "ids": ["p:1"]}
    parameters["executionArn"] = "arn:aws:states:us-east-1:123456789012:execution:m:e"
    kinds = ("Put", "Get", "Update", "Delete", "ConditionCheck")
    parameters["TransactItems"] = [{kind: {"TableName": "t"}} for kind in kinds]

    for operation in OPERATIONS:
        of_service, _, name = operation.partition(":")
        for need in needs_of(of_service, name, parameters):
            service, _, action = need.action.partition(":")
            if need.resource == "*":
                assert not listed[service]["Actions"][action.lower()].get("Resources"), need
                continue
            [kind] = [kind for pattern, kind in KINDS.items() if re.fullmatch(pattern, need.resource)]
            assert kind in listed[service]["Actions"][action.lower()]["Resources"], need


def statement(effect: str = "Allow", action: str = "s3:Get*", resource: str = "*", **conditions: Any) -> Statement:
    return Statement(effect, (action,), (resource,), tuple(conditions.get("conditions", ())))


@pytest.mark.parametrize(
    ("statements", "permitted"),
    [
        ([statement()], True),
        ([statement(action="s3:getobject")], True),
        ([statement(action="s3:Put*")], False),
        ([statement(resource="arn:aws:s3:::bucket/a?b")], True),
        ([statement(resource="arn:aws:s3:::bucket")], False),
        ([statement(resource="arn:aws:s3:::bucket/a/*/c")], False),
        ([statement(), statement("Deny")], False),
        ([statement(conditions=[("StringLike", "s3:prefix", ("_staging/*",))])], True),
        ([statement(conditions=[("StringEquals", "s3:prefix", ("other",))])], False),
        ([statement(conditions=[("StringEquals", "aws:SourceIp", ("1.1.1.1",))])], False),
    ],
)
def test_policies_are_evaluated_as_iam_does_it(statements: list[Statement], permitted: bool) -> None:
    policies = Policies({"f": tuple(statements)})
    context = {"s3:prefix": "_staging/1"}

    assert (policies.right_for("f", "s3:GetObject", "arn:aws:s3:::bucket/a/b", context) is not None) is permitted


def test_an_index_is_another_resource_than_its_table() -> None:
    [need] = needs_of("dynamodb", "Query", {"TableName": "bldr", "IndexName": "by-name"})

    assert own_policies().right_for("APIHandler", need.action, need.resource, need.context) is None


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
