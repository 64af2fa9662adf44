"""The environment of every test: an AWS inside the process, functional-test mode on, nothing real within reach."""

import os

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    HAB_FUNC_TEST="1",
    BLDR_STAGE="test",
    BLDR_TABLE="bldr",
    BLDR_BUCKET="bldr-artifacts",
    BLDR_BUILDER_KEY_SECRET="bldr-builder-key",
    BLDR_DOWNLOAD_MODE="front",
    POWERTOOLS_TRACE_DISABLED="true",
)
for variable in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
    del os.environ[variable]

from hypothesis import HealthCheck, settings  # noqa: E402 - the environment comes first

# a slow machine is not a failure: neither a deadline nor a limit on how long examples take to generate
settings.register_profile("here", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")
