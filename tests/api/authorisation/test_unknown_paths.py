"""Tokens on paths and methods that do not exist (platform.md 1.3, 1.4)."""

import pytest

from tests.api.client import Depot

UNKNOWN = [
    ("GET", "/nowhere"),
    ("GET", "/depot/pkgs/acme/widget/1/2/3/4"),
    ("HEAD", "/depot/channels/acme"),
    ("PUT", "/depot/pkgs/acme/widget/1/2"),
    ("OPTIONS", "/depot/pkgs/acme"),
    ("POST", "/depot/events"),
]


@pytest.mark.parametrize(("method", "path"), UNKNOWN)
@pytest.mark.parametrize("authorization", ["Bearer unknown", "bearer bobo", "Basic Ym9ibzo=", "Bearer", ""])
def test_an_invalid_token_is_refused_before_routing(depot: Depot, method: str, path: str, authorization: str) -> None:
    reply = depot.request(method, path, headers={"Authorization": authorization})

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize(("method", "path"), UNKNOWN)
@pytest.mark.parametrize("by", [None, "bobo"])
def test_an_unknown_path_or_method_is_404(depot: Depot, method: str, path: str, by: str | None) -> None:
    reply = depot.request(method, path, by=by, body=b"any")

    assert (reply.status, reply.body) == (404, b"")
