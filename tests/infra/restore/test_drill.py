"""A drill on the embedded engine: a depot is restored to a time before a deletion, and served from the copies.

The engine's point-in-time recovery copies the present table, whatever time is requested. So the test begins to restore
the table at the time itself, and carries out the rest after the deletion. Objects come from the versions of the bucket.
The engine cannot import resources into a stack either; `tests/infra/restore/test_new_stack.py` tests the templates.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.restore import table_copy
from infra.restore.__main__ import main
from infra.restore.clients import client
from tests.builders.hart import Hart, a_hart
from tests.builders.names import a_name
from tests.builders.stack import Stack, depot_stack
from tests.servers import Server, aws

NAMES = ("BLDR_TABLE", "BLDR_BUCKET", "BLDR_BUILDER_KEY_SECRET")


class Drill:
    """A depot on an engine, and copies of it."""

    def __init__(self, engine: Server, folder: Path) -> None:
        self.engine, self._folder = engine, folder
        self.names = dict(zip(NAMES, (a_name("table"), a_name("bucket"), a_name("builder-key")), strict=True))
        self.harts: dict[str, Hart] = {}
        self.token = ""
        self.at = datetime.now(UTC)

    def served(self, names: Mapping[str, str]) -> AbstractContextManager[Stack]:
        """Serve a table and a bucket."""
        return depot_stack(self._folder / a_name("log"), AWS_ENDPOINT_URL=self.engine.url, **names)

    def copy_names(self, stack: str) -> dict[str, str]:
        """Return the names of the copies for a new stack."""
        table = f"{stack}-{self.at:%Y%m%d%H%M%S}"
        return {**self.names, "BLDR_TABLE": table, "BLDR_BUCKET": f"{table}-123456789012"}

    def restore(self, stack: str, *more: str) -> "Done":
        """Run the command for a new stack."""
        resources = ("--table", self.names["BLDR_TABLE"], "--bucket", self.names["BLDR_BUCKET"])
        key = ("--builder-key", self.names["BLDR_BUILDER_KEY_SECRET"])
        return run(*more, "--at", self.at.isoformat(), "--stack", stack, *resources, *key)

    def client(self, service: str) -> Any:
        """Return a client of the engine."""
        return aws(service, self.engine.url)


class Done(NamedTuple):
    """The exit status of the command, and what it printed."""

    status: int
    stdout: str
    stderr: str


def run(*arguments: str) -> Done:
    """Run the command in this process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            status = main(arguments)
        except SystemExit as problem:  # of a wrong argument
            status = int(problem.code or 0)
    return Done(status, stdout.getvalue(), stderr.getvalue())


@pytest.fixture(scope="module")
def _operator(engine: Server) -> Iterator[None]:
    """The credentials and the engine that the command uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", engine.url)
        client.cache_clear()
        yield
    client.cache_clear()


@pytest.fixture(scope="module")
def drill(_operator: None, engine: Server, tmp_path_factory: pytest.TempPathFactory) -> Drill:
    """A depot with two releases, as it was at a time, at which the restoration of a table began."""
    drill = Drill(engine, tmp_path_factory.mktemp("drill"))
    drill.client("s3").create_bucket(Bucket=drill.names["BLDR_BUCKET"])
    versioning = {"Status": "Enabled"}
    drill.client("s3").put_bucket_versioning(Bucket=drill.names["BLDR_BUCKET"], VersioningConfiguration=versioning)
    with drill.served(drill.names) as stack:
        publish(stack, drill)
    table, dynamodb = drill.names["BLDR_TABLE"], drill.client("dynamodb")
    recovery = {"PointInTimeRecoveryEnabled": True}
    on = dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
    described = on["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    drill.at = described["LatestRestorableDateTime"].astimezone(UTC)  # of the engine, always the time of this call
    table_copy.begin(table, drill.copy_names("later")["BLDR_TABLE"], drill.at)
    return drill


def publish(stack: Stack, drill: Drill) -> None:
    origin = stack.an_origin()
    assert stack.http.post(f"/v1/depot/origins/{origin}/keys").status_code == 201
    assert stack.http.post(f"/v1/depot/channels/{origin}/dev").status_code == 201
    drill.token = stack.http.post("/v1/profile/access-tokens").json()["token"]
    for version in ("1.0", "2.0"):
        hart = a_hart(origin=origin, version=version)
        assert stack.upload(hart).status_code == 201
        promoted = stack.http.put(f"/v1{hart.in_channel('dev')}/promote")
        assert promoted.status_code == 200, promoted.text
        drill.harts[version] = hart


def test_copies_of_a_depot_that_has_not_changed_are_equal_to_it(drill: Drill) -> None:
    copied = drill.restore("same", "copy")
    assert copied.status == 0, copied.stderr
    assert "2 objects copied, 0 were there" in copied.stderr

    verified = drill.restore("same", "verify", "--hash")

    assert verified.status == 0, verified.stdout + verified.stderr
    source, copy, verdict, objects = verified.stdout.splitlines()
    assert source.split()[1:] == copy.split()[1:]
    assert (verdict, objects) == ("tables are equal", "2 objects are named by rows of the copy")
    repeated = drill.restore("same", "copy")
    assert "0 objects copied, 2 were there" in repeated.stderr


def test_a_changed_row_and_a_lost_object_are_found(drill: Drill) -> None:
    assert drill.restore("damaged", "copy").status == 0
    names = drill.copy_names("damaged")
    table, s3 = names["BLDR_TABLE"], drill.client("s3")
    rows = drill.client("dynamodb").scan(TableName=table)["Items"]
    drill.client("dynamodb").put_item(TableName=table, Item={**rows[0], "extra": {"S": "x"}})
    lost, changed = [each["Key"] for each in s3.list_objects_v2(Bucket=names["BLDR_BUCKET"])["Contents"]]
    s3.delete_object(Bucket=names["BLDR_BUCKET"], Key=lost)
    content = s3.get_object(Bucket=names["BLDR_BUCKET"], Key=changed)["Body"].read()
    s3.put_object(Bucket=names["BLDR_BUCKET"], Key=changed, Body=bytes(len(content)))

    verified = drill.restore("damaged", "verify", "--hash")

    assert verified.status == 1
    assert "tables are different" in verified.stdout
    assert f"missing: {lost}" in verified.stdout
    assert f"wrong checksum: {changed}" in verified.stdout
    assert drill.restore("damaged", "verify", "--source-changed").status == 1
    assert drill.restore("damaged", "copy").status == 0, "a repeat completes the bucket"
    assert drill.restore("damaged", "verify", "--hash", "--source-changed").status == 0


def test_a_builder_key_that_the_secret_lacks_is_named(drill: Drill) -> None:
    assert drill.restore("keyless", "copy").status == 0
    secrets = drill.client("secretsmanager")
    other = a_name("other-key")
    secrets.create_secret(Name=other, SecretString="BOX-SEC-1\nbldr-20200101000000\n\nAAAA")
    drill.names, names = {**drill.names, "BLDR_BUILDER_KEY_SECRET": other}, drill.names

    verified = drill.restore("keyless", "verify")
    drill.names = names

    assert verified.status == 1
    assert "builder key bldr-20" in verified.stdout


def test_a_deleted_package_is_served_again_from_the_copies(drill: Drill) -> None:
    gone, kept = drill.harts["2.0"], drill.harts["1.0"]
    latest = f"/v1/depot/channels/{gone.ident.origin}/dev/pkgs/{gone.ident.name}/latest"
    with drill.served(drill.names) as stack:
        assert stack.http.delete(f"/v1{gone.url}").status_code == 204
        assert stack.http.get(latest).json()["ident"]["version"] == "1.0"
        assert stack.http.get(f"/v1{gone.url}/download", follow_redirects=True).status_code == 404

    copied = drill.restore("later", "copy")
    assert copied.status == 0, copied.stderr
    verified = drill.restore("later", "verify", "--hash", "--source-changed")
    assert verified.status == 0, verified.stdout
    assert "tables are different" in verified.stdout

    with drill.served(drill.copy_names("later")) as restored:
        assert restored.http.get(latest).json()["ident"]["version"] == "2.0"
        for hart in (gone, kept):
            assert restored.http.get(f"/v1{hart.url}/download", follow_redirects=True).content == hart.content
        headers = {"Authorization": f"Bearer {drill.token}"}
        assert restored.http.get("/v1/profile", headers=headers).status_code == 200
        secret_key = f"/v1/depot/origins/{gone.ident.origin}/secret_keys/latest"
        assert restored.http.get(secret_key).text.startswith("SIG-SEC-1\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--stack", "s", "--at", "2026-11-27T12:00:00Z"), "--from-stack or --table is missing"),
        (("--stack", "s", "--at", "2020-01-01T00:00:00Z", "TABLE"), "can be restored to times from"),
        (("--stack", "s" * 60, "--at", "2026-11-27T12:00:00Z", "TABLE"), "choose a shorter stack name"),
        (("--stack", "s", "--at", "2026-11-27T12:00:00", "TABLE"), "has no zone; for UTC, append Z"),
        (("--stack", "s", "--at", "yesterday", "TABLE"), "yesterday is not a time"),
        (("--stack", "s", "--at", "2026-11-27T12:00:00Z", "--from-stack", "missing"), "AWS: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(drill: Drill, arguments: tuple[str, ...], message: str) -> None:
    resources = ["--table", drill.names["BLDR_TABLE"], "--bucket", "b", "--builder-key", "k"]
    given = [each for argument in arguments for each in (resources if argument == "TABLE" else [argument])]

    done = run("copy", *given)

    assert done.status != 0
    assert message in done.stderr.splitlines()[-1]
