"""Clients of AWS: the time limit of a call, and the library that creates them."""

from functools import cache

import pytest

from chalicelib.platform import aws
from chalicelib.platform.aws_services import SERVICES, Service
from chalicelib.platform.config import Config
from chalicelib.platform.responses import RowsParserFactory


@pytest.mark.parametrize(
    ("configured", "service", "seconds"),
    [(0, "dynamodb", aws.READ_SECONDS), (0, "s3", aws.S3_READ_SECONDS), (120, "dynamodb", 120), (120, "s3", 120)],
)
def test_a_call_may_take_as_long_as_configured(
    monkeypatch: pytest.MonkeyPatch, configured: int, service: Service, seconds: int
) -> None:
    monkeypatch.setattr(aws, "settings", Config(aws_seconds=configured))

    assert aws._created(service).meta.config.read_timeout == seconds


@pytest.fixture
def of_function(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The process of a Lambda function, by its handler."""
    monkeypatch.setenv(aws.HANDLER, request.param)
    monkeypatch.setattr(aws, "_session", cache(aws._session.__wrapped__))
    monkeypatch.setattr(aws, "_boto3_session", cache(aws._boto3_session.__wrapped__))


@pytest.mark.usefixtures("of_function")
@pytest.mark.parametrize(
    ("of_function", "library"),
    [(aws.HANDLER_OF_API, "Botocore"), ("app.sweep", "Boto3"), ("app.step_job", "Boto3")],
    indirect=["of_function"],
)
def test_only_functions_beside_the_api_use_boto3(library: str) -> None:
    assert f" {library}/" in f" {aws._created('s3').meta.config.user_agent}"
    assert hasattr(aws._created("s3"), "upload_fileobj") is (library == "Boto3")


@pytest.mark.usefixtures("of_function")
@pytest.mark.parametrize("of_function", ["app.sweep"], indirect=True)
@pytest.mark.parametrize("service", SERVICES)
def test_clients_of_boto3_follow_the_same_rules_as_those_of_the_api(service: Service) -> None:
    created = aws._created(service)

    assert created.meta.config.retries["total_max_attempts"] == 1
    assert created.meta.config.connect_timeout == aws.CONNECT_SECONDS
    assert isinstance(created._endpoint._response_parser_factory, RowsParserFactory)
