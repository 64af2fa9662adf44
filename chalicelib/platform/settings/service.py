"""Settings of the service itself: its resources, its key and its mode."""

from msgspec import Struct

from chalicelib.platform import setting_values as values
from chalicelib.platform.settings.declaration import SECRET_NAME, setting

_TABLE_NAME = "[A-Za-z0-9_.-]{3,255}"
_BUCKET_NAME = "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


class ServiceSettings(Struct, frozen=True, eq=False):
    """Fields of `Config`."""

    stage: str = setting(
        "BLDR_STAGE", str, "local", "Name of the deployment; if it begins with `prod`, functional-test mode is refused"
    )
    table: str = setting(
        "BLDR_TABLE", values.matching(_TABLE_NAME, "bldr"), "bldr", "DynamoDB table (set by the template)"
    )
    bucket: str = setting(
        "BLDR_BUCKET",
        values.matching(_BUCKET_NAME, "bldr-artifacts"),
        "bldr-artifacts",
        "S3 bucket of the artifacts (set by the template)",
    )
    aws_seconds: int = setting(
        "BLDR_AWS_SECONDS",
        values.natural_number,
        0,
        "Time limit of one call to AWS, in seconds; 0: 4 s, for S3 20 s, which fit the 29 s of a request",
        local=True,
    )
    builder_key_secret: str = setting(
        "BLDR_BUILDER_KEY_SECRET",
        values.matching(SECRET_NAME, "bldr-builder-key"),
        "bldr-builder-key",
        "Secrets Manager secret with the builder key",
    )
    code_digest: str = setting(
        "BLDR_CODE_DIGEST", str, "", "Digest of the deployed code, a part of validators (set by the template)"
    )
    site_key_secret: str = setting(
        "BLDR_SITE_KEY_SECRET",
        values.matching(SECRET_NAME, "bldr-site-key"),
        "",
        "Secrets Manager secret with the key that the CloudFront distribution adds to requests (set by the template)",
    )
    only_through_site: bool = setting(
        "BLDR_ONLY_THROUGH_SITE",
        values.true_or_false,
        False,
        "Refuse (403) requests that did not come through the CloudFront distribution",
    )
    builder_key: str = setting(
        "BLDR_SECRET_KEY", str, "", "Text of the builder key; takes precedence over the other two sources", local=True
    )
    builder_key_path: str = setting(
        "BLDR_HAB_KEY_DIR", str, "", "Folder of `bldr-<revision>.box.key` files", local=True
    )
    functional_test: bool = setting(
        "HAB_FUNC_TEST", values.is_set, False, "If set to any value, the five test users can sign in", local=True
    )
    functional_test_workers: bool = setting(
        "BLDR_FUNC_TEST_WORKERS",
        values.true_or_false,
        False,
        "Whether workers may claim jobs in functional-test mode; only for tests of the build service itself",
        local=True,
    )
