"""Requests to DynamoDB are signed as botocore signs them, and sent to the same address."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.session import get_session

from chalicelib.platform import aws, signing

MOMENT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize("token", [None, "temporary"])
@pytest.mark.parametrize("body", [b"{}", '{"caf\u00e9": 1}'.encode()])
def test_a_signature_is_that_of_botocore(monkeypatch: pytest.MonkeyPatch, token: str | None, body: bytes) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: MOMENT)
    credentials = Credentials("AKIA", "secret", token)
    ours, theirs = a_request(body), a_request(body)

    signing._sign(ours, credentials.get_frozen_credentials(), "eu-west-1", "dynamodb.eu-west-1.amazonaws.com", MOMENT)
    SigV4Auth(credentials, "dynamodb", "eu-west-1").add_auth(theirs)

    assert sorted(ours.headers.items()) == sorted(theirs.headers.items())


def test_the_key_changes_with_day_region_and_secret() -> None:
    keys = {signing._key(*each) for each in [("a", "1", "r"), ("b", "1", "r"), ("a", "2", "r"), ("a", "1", "s")]}

    assert len(keys) == 4


def test_a_client_sends_signed_requests_to_the_address_of_botocore(requests: Callable[[Any], AWSRequest]) -> None:
    ours = requests(aws._created("dynamodb"))
    theirs = requests(get_session().create_client("dynamodb", config=Config(account_id_endpoint_mode="disabled")))

    assert ours.url == theirs.url
    assert ours.body == theirs.body
    credential = ours.headers["Authorization"].split(b",")[0]
    assert credential == theirs.headers["Authorization"].split(b",")[0]
    assert set(theirs.headers) == set(ours.headers)


@pytest.mark.parametrize("address", ["https://DynamoDB.example:443", "http://127.0.0.1:9790"])
def test_another_endpoint_is_signed_with_its_host(
    monkeypatch: pytest.MonkeyPatch, requests: Callable[[Any], AWSRequest], address: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", address)
    hosts: list[str] = []
    sign = signing._sign

    def noted(*given: Any) -> None:
        hosts.append(given[3])
        sign(*given)

    monkeypatch.setattr(signing, "_sign", noted)

    sent = requests(aws._created("dynamodb"))

    assert sent.url.startswith(address)
    assert hosts == [SigV4Auth(None, "", "").headers_to_sign(AWSRequest(url=address))["host"]]


def test_a_client_without_credentials_sends_nothing(requests: Callable[[Any], AWSRequest]) -> None:
    client = get_session().create_client("dynamodb")
    signing.replace_signer(client, lambda: None)

    with pytest.raises(NoCredentialsError):
        requests(client)


@pytest.fixture
def requests() -> Callable[[Any], AWSRequest]:
    """A function that returns the request which a client sends for an operation, without sending it."""

    def sent(client: Any) -> AWSRequest:
        noted: list[AWSRequest] = []

        def note(request: Any, **_: Any) -> AWSResponse:
            noted.append(request)
            return AWSResponse(request.url, 200, {}, NoBody())

        client.meta.events.register_first("before-send.dynamodb", note)
        client.delete_item(TableName="rows", Key={"pk": {"S": "a"}, "sk": {"S": "b"}})
        return noted[0]

    return sent


class NoBody:
    """A response body without members."""

    def stream(self) -> list[bytes]:
        """Return the whole body."""
        return [b"{}"]


def a_request(body: bytes) -> AWSRequest:
    """Return a request to DynamoDB that is not signed."""
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.GetItem"}
    return AWSRequest("POST", "https://dynamodb.eu-west-1.amazonaws.com/", headers, data=body)
