"""The code bucket, what a deleted stack leaves, and its removal, on an engine in this process."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy import removal, teardown
from infra.deploy.artifacts import Artifact, code_bucket_name
from infra.deploy.aws import Account
from infra.deploy.code_bucket import CodeBucket
from infra.deploy.problems import NotPossible
from tests.builders.names import a_name
from tests.infra.deploy.cloudformation import Stacks


@pytest.fixture
def account(table: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An account of the engine."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Account()


@pytest.fixture
def code(account: Account) -> Iterator[CodeBucket]:
    """A new code bucket."""
    made = CodeBucket(account, a_name("code").lower())
    assert made.ensure()
    yield made
    removal.remove_all(account, {}, made.name, print)


def test_the_code_bucket_is_private_encrypted_versioned_and_only_by_tls(account: Account, code: CodeBucket) -> None:
    objects, of = account.objects, {"Bucket": code.name}

    assert all(objects.get_public_access_block(**of)["PublicAccessBlockConfiguration"].values())
    assert objects.get_bucket_encryption(**of)["ServerSideEncryptionConfiguration"]["Rules"]
    assert objects.get_bucket_versioning(**of)["Status"] == "Enabled"
    assert "aws:SecureTransport" in objects.get_bucket_policy(**of)["Policy"]
    [rule] = objects.get_bucket_lifecycle_configuration(**of)["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert "Expiration" not in rule, "a rollback needs the archives of earlier deployments"
    objects.delete_bucket_policy(**of)


def test_a_bucket_that_was_made_without_its_settings_gets_them(account: Account) -> None:
    place = {"LocationConstraint": "eu-central-1"}
    name = a_name("code").lower()
    account.objects.create_bucket(Bucket=name, CreateBucketConfiguration=place)

    assert not CodeBucket(account, name).ensure()

    assert account.objects.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"


def test_an_artifact_is_uploaded_once(account: Account, code: CodeBucket) -> None:
    account.objects.delete_bucket_policy(Bucket=code.name)  # the engine counts as plain HTTP
    artifact = Artifact("code/1.zip", b"code")

    assert code.upload([artifact]) == ["code/1.zip"]
    assert code.upload([artifact]) == []
    code.demand("code/1.zip")
    with pytest.raises(NotPossible, match=r"no longer has code/2\.zip"):
        code.demand("code/2.zip")


def test_a_missing_list_is_none(account: Account, code: CodeBucket) -> None:
    account.objects.delete_bucket_policy(Bucket=code.name)

    assert code.read_json("history/x.json") is None
    code.write_json("history/x.json", [1])
    assert code.read_json("history/x.json") == [1]


class Site:
    """A stack with a bucket and a secret, whose teardown is typed."""

    def __init__(self, account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.account, self.name = account, a_name("stack").lower()
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://stand-in")  # no rule against plain HTTP
        self.bucket, self.secret = f"{self.name}-artifacts", f"{self.name}-key"
        place = {"LocationConstraint": "eu-central-1"}
        account.objects.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=place)
        account.objects.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        for content in (b"1", b"2"):
            account.objects.put_object(Bucket=self.bucket, Key="package", Body=content)
        account.secrets.create_secret(Name=self.secret, SecretString="x")
        self.stacks = Stacks({})
        self.stacks.stack = self.stacks._new(self.name)
        self.stacks.stack["StackStatus"] = "CREATE_COMPLETE"
        self.stacks.stack["EnableTerminationProtection"] = True
        account.stacks = self.stacks
        self.said: list[str] = []
        kept = {removal.TABLE: [], removal.BUCKET: [self.bucket], removal.SECRET: [self.secret]}
        monkeypatch.setattr(removal, "kept_by", lambda *_: kept)
        monkeypatch.setattr(Account, "events", lambda *_: iter(self.stacks.log))

    def teardown(self, *typed: str, everything: bool = False) -> None:
        """Run the command."""
        answers = list(typed)
        say, ask = self.said.append, lambda _: answers.pop(0)
        teardown.teardown(self.account, self.name, everything=everything, ask=ask, say=say)


@pytest.fixture
def site(account: Any, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A stack; its client of S3 was made for AWS."""
    _ = account.objects, account.secrets, account.stacks.meta.region_name, account.id, account.region
    monkeypatch.setattr(Account, "region", "eu-central-1")
    return Site(account, monkeypatch)


def test_a_teardown_keeps_the_data_and_says_how_to_remove_it(site: Site) -> None:
    site.teardown(site.name)

    assert site.stacks.stack is None
    code = code_bucket_name(site.name, site.account.id, "eu-central-1")
    assert code in site.said[-1]
    assert f"aws secretsmanager delete-secret --recovery-window-in-days 7 --secret-id {site.secret}" in site.said[-1]
    site.account.objects.head_bucket(Bucket=site.bucket)


def test_everything_can_be_removed_after_the_stack_is_gone(site: Site) -> None:
    site.teardown(site.name)

    site.teardown(f"delete all data of {site.name}", everything=True)

    with pytest.raises(ClientError, match="404"):
        site.account.objects.head_bucket(Bucket=site.bucket)
    assert "DeletedDate" in site.account.secrets.describe_secret(SecretId=site.secret)


def test_another_text_deletes_nothing(site: Site) -> None:
    with pytest.raises(NotPossible, match="nothing was deleted"):
        site.teardown("yes")
    assert site.stacks.stack is not None

    with pytest.raises(NotPossible, match="nothing was deleted"):
        site.teardown(site.name, "yes", everything=True)
    site.account.objects.head_bucket(Bucket=site.bucket)
