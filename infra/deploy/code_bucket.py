"""The bucket with archives, templates and the history of deployments: private, encrypted, versioned, only by TLS."""

import json
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.artifacts import Artifact
from infra.deploy.aws import Account, endpoint
from infra.deploy.problems import NotPossible, code_of

MISSING = ("404", "NoSuchKey", "NotFound", "NoSuchBucket")
NONCURRENT_DAYS = 30


class CodeBucket:
    """The code bucket of a stack."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self.name = name

    def exists(self) -> bool:
        """Return whether the bucket exists in this account. Raises NotPossible if it is another account's."""
        try:
            self._account.objects.head_bucket(Bucket=self.name, ExpectedBucketOwner=self._account.id)
        except ClientError as problem:
            if code_of(problem) in MISSING:
                return False
            if code_of(problem) == "403":
                raise NotPossible(f"the bucket {self.name} belongs to another account, or may not be read") from problem
            raise
        return True

    def ensure(self) -> bool:
        """Create the bucket if it is missing, and return whether it was. Settings are written in every run.

        An interrupted run may have created the bucket without them.
        """
        created = not self.exists()
        objects, region = self._account.objects, self._account.region
        if created:
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            objects.create_bucket(Bucket=self.name, **place)
        objects.put_public_access_block(Bucket=self.name, PublicAccessBlockConfiguration=_PRIVATE)
        objects.put_bucket_encryption(Bucket=self.name, ServerSideEncryptionConfiguration=_ENCRYPTED)
        objects.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        objects.put_bucket_lifecycle_configuration(Bucket=self.name, LifecycleConfiguration=_LIFECYCLE)
        if not (endpoint() or "").startswith("http://"):  # a stand-in without TLS may enforce the policy
            objects.put_bucket_policy(Bucket=self.name, Policy=json.dumps(only_by_tls(self.name)))
        return created

    def upload(self, artifacts: Iterable[Artifact]) -> list[str]:
        """Upload what the bucket does not have, and return the keys of those."""
        missing = [artifact for artifact in artifacts if not self._has(artifact.key)]
        for artifact in missing:
            self._account.objects.put_object(Bucket=self.name, Key=artifact.key, Body=artifact.content)
        return [artifact.key for artifact in missing]

    def demand(self, key: str) -> None:
        """Raise NotPossible if the bucket does not have an object."""
        if not self._has(key):
            raise NotPossible(f"the bucket {self.name} no longer has {key}")

    def read_json(self, key: str) -> Any:
        """Return the content of an object, or None if it is missing."""
        try:
            return json.load(self._account.objects.get_object(Bucket=self.name, Key=key)["Body"])
        except ClientError as problem:
            if code_of(problem) in MISSING:
                return None
            raise

    def write_json(self, key: str, content: Any) -> None:
        """Write an object."""
        self._account.objects.put_object(Bucket=self.name, Key=key, Body=json.dumps(content, indent=1).encode())

    def _has(self, key: str) -> bool:
        try:
            self._account.objects.head_object(Bucket=self.name, Key=key)
        except ClientError as problem:
            if code_of(problem) in MISSING:
                return False
            raise
        return True


_PRIVATE = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
_LIFECYCLE = {
    "Rules": [
        {
            "ID": "forget-old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ]
}
"""Current archives are kept: CloudFormation needs that of the present deployment, and `--rollback` the one before."""


def only_by_tls(bucket: str) -> dict[str, Any]:
    """Return the policy of a bucket that refuses requests without TLS."""
    arn = f"arn:aws:s3:::{bucket}"
    statement = {
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
