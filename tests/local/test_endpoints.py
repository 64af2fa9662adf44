"""Which engine serves which service, and when the embedded engine may be restarted."""

import pytest

from local.endpoints import invokes_functions, keeps_nothing
from tests.builders.wire import free_port
from tests.servers import Server

ELSEWHERE = "http://127.0.0.1:4566"
TABLES = {"AWS_ENDPOINT_URL_DYNAMODB": ELSEWHERE, "AWS_ENDPOINT_URL_S3": ELSEWHERE}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        (TABLES, False),
        ({**TABLES, "BLDR_SECRET_KEY": "key"}, True),
        ({**TABLES, "BLDR_HAB_KEY_DIR": "/keys"}, True),
        ({**TABLES, "AWS_ENDPOINT_URL_SECRETS_MANAGER": ELSEWHERE}, True),
        ({**TABLES, "AWS_ENDPOINT_URL_S3": "", "BLDR_SECRET_KEY": "key"}, False),
    ],
)
def test_an_engine_keeps_nothing_if_tables_objects_and_key_are_elsewhere(
    environment: dict[str, str], expected: bool
) -> None:
    assert keeps_nothing(environment) is expected


def test_only_our_engine_invokes_functions(engine: Server) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"

    assert invokes_functions({"AWS_ENDPOINT_URL": engine.url}, "SFN")
    assert invokes_functions({"AWS_ENDPOINT_URL": nowhere, "AWS_ENDPOINT_URL_SFN": engine.url}, "SFN")
    assert not invokes_functions({"AWS_ENDPOINT_URL": engine.url, "AWS_ENDPOINT_URL_SFN": nowhere}, "SFN")
