"""What a restored table may name stays in the bucket as long as the table can be restored."""

from typing import Any

from infra.template import properties, read_template
from tests.rights.policies import own_policies

FORBIDDEN = ("s3:DeleteObjectVersion", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration")


def rules() -> list[dict[str, Any]]:
    every: list[dict[str, Any]] = properties("Artifacts")["LifecycleConfiguration"]["Rules"]
    return every


def test_deleted_objects_are_kept_as_long_as_the_table_can_be_restored() -> None:
    recovery = properties("Table")["PointInTimeRecoverySpecification"]
    [forgets] = [rule for rule in rules() if "Prefix" not in rule and "NoncurrentVersionExpiration" in rule]

    assert properties("Artifacts")["VersioningConfiguration"] == {"Status": "Enabled"}
    assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": {"Ref": "RestoreDays"}}
    assert forgets["NoncurrentVersionExpiration"] == {"NoncurrentDays": {"Ref": "RestoreDays"}}
    assert forgets["ExpiredObjectDeleteMarker"] is True
    assert read_template()["Parameters"]["RestoreDays"]["Default"] == 35


def test_only_unfinished_uploads_are_forgotten_earlier() -> None:
    earlier = [rule["Prefix"] for rule in rules() if "NoncurrentVersionExpiration" in rule and "Prefix" in rule]

    assert earlier == ["_staging/"]


def test_no_function_may_delete_a_version() -> None:
    assert not [right for right in own_policies().granted() if right.action in FORBIDDEN]


def test_the_table_is_protected_from_deletion() -> None:
    assert properties("Table")["DeletionProtectionEnabled"] is True
