"""The status of the service (platform.md 1.9)."""

import pytest

from tests.api.client import Depot


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Accept": "text/weird"}])
def test_the_answer_is_an_empty_200_whatever_accept_says(depot: Depot, method: str, headers: dict[str, str]) -> None:
    reply = depot.request(method, "/status", headers=headers)

    assert (reply.status, reply.body) == (200, b"")
    assert "Content-Type" not in reply.headers
    assert "Cache-Control" not in reply.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_an_empty_405(depot: Depot, method: str) -> None:
    reply = depot.request(method, "/status")

    assert (reply.status, reply.body) == (405, b"")


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic Ym9ibzo=", "bearer bobo", "Bearer", "Bearer bobo x", ""])
def test_an_invalid_token_is_refused(depot: Depot, authorization: str) -> None:
    reply = depot.get("/status", headers={"Authorization": authorization})

    assert (reply.status, reply.body) == (401, b"")


def test_additional_blanks_in_the_header_are_accepted(depot: Depot) -> None:
    assert depot.get("/status", headers={"Authorization": "  Bearer \t bobo "}).status == 200


def test_a_token_that_is_not_ascii_is_refused(depot: Depot) -> None:
    assert depot.get("/status", headers={"Authorization": "Bearer bobö"}).status == 401
