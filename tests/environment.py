"""The environment of tests and of the benchmark: an embedded AWS with fake credentials, and functional-test mode."""

import os

from chalicelib.core.keys.signed_box import generate_builder_key

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

OTHER_ENGINES = {"TEST_TABLE_URL": "AWS_ENDPOINT_URL_DYNAMODB", "TEST_BUCKET_URL": "AWS_ENDPOINT_URL_S3"}
"""Variables with which `make test-engines` names another engine for the table or the bucket, and what they set."""

KEYS = {"TEST_ACCESS_KEY": "AWS_ACCESS_KEY_ID", "TEST_SECRET_KEY": "AWS_SECRET_ACCESS_KEY"}
ON_ANOTHER_ENGINE = any(os.environ.get(variable) for variable in OTHER_ENGINES)
"""Whether the tests of this process read rows and objects by calls, because they are not in its memory."""

_used: list[bool] = []


def use(**more: str) -> None:
    """Set the environment before the service is imported; no engine outside of this process is used.

    The first call in a process decides. So tests may import the modules of a benchmark, and neither the service nor the
    programs that other tests start have its settings then.
    """
    if _used:
        return
    _used.append(True)
    for variable in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        del os.environ[variable]
    os.environ.update(BASE | more)
    if ON_ANOTHER_ENGINE:
        _use_other_engines()


def keys_of_other_engines() -> dict[str, str]:
    """Return the variables with the keys of other engines, which moto replaces by its own when it starts."""
    return {target: key for variable, target in KEYS.items() if (key := os.environ.get(variable))}


def _use_other_engines() -> None:
    """Use the engines that the environment names, with a table and a bucket for each process of xdist."""
    named = {target: url for variable, target in OTHER_ENGINES.items() if (url := os.environ.get(variable))}
    process = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    table, bucket = f"{os.environ['BLDR_TABLE']}-{process}", f"{os.environ['BLDR_BUCKET']}-{process}"
    os.environ.update(keys_of_other_engines())
    os.environ.update(named, BLDR_TABLE=table, BLDR_BUCKET=os.environ.get("TEST_BUCKET") or bucket)


def use_for_benchmark() -> None:
    """Set the environment of a program that measures: it has a builder key of its own, and reads no secret for it."""
    use(BLDR_SECRET_KEY=os.environ.get("BLDR_SECRET_KEY") or generate_builder_key("20240101000000"))
