"""The environment of tests and of the benchmark: an embedded AWS with fake credentials, and functional-test mode."""

import os

BASE = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "HAB_FUNC_TEST": "1",
    "BLDR_FUNC_TEST_WORKERS": "true",
    "BLDR_DOWNLOAD_MODE": "front",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


def use(**more: str) -> None:
    """Set the environment before the service is imported; no engine outside of this process is used."""
    for variable in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        del os.environ[variable]
    os.environ.update(BASE | more)
