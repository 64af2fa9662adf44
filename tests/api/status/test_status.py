"""The status route (platform.md 1.9)."""

import pytest


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Accept": "text/weird"}])
def test_the_service_says_that_it_is_up_with_nothing_else(depot: Depot, method: str, headers: dict[str, str]) -> None:
    reply = depot.request(method, "/status", headers=headers)

    assert (reply.status, reply.body) == (200, b"")
    assert "Content-Type" not in reply.headers
    assert "Cache-Control" not in reply.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_it_is_the_one_path_that_knows_of_wrong_methods(depot: Depot, method: str) -> None:
    reply = depot.request(method, "/status")

    assert (reply.status, reply.body) == (405, b"")


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic Ym9ibzo=", "bearer bobo", "Bearer", "Bearer bobo x", ""])
def test_a_bad_credential_is_refused_even_here(depot: Depot, authorization: str) -> None:
    reply = depot.get("/status", headers={"Authorization": authorization})

    assert (reply.status, reply.body) == (401, b"")


def test_blanks_between_the_two_parts_do_not_matter(depot: Depot) -> None:
    assert depot.get("/status", headers={"Authorization": "  Bearer \t bobo "}).status == 200


def test_a_credential_that_is_not_ascii_is_refused(depot: Depot) -> None:
    assert depot.get("/status", headers={"Authorization": "Bearer bobö"}).status == 401
