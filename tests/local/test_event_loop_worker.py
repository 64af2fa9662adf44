"""The server of the API ends quickly, although requests wait for something."""

import asyncio

import pytest
import uvicorn

from local.event_loop_worker import _Server


def test_requests_that_wait_are_answered_before_the_server_waits_for_its_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []

    async def wait_for_requests(*_: object, **__: object) -> None:
        order.append("requests")

    monkeypatch.setattr(uvicorn.Server, "shutdown", wait_for_requests)
    server = _Server(uvicorn.Config("app"), 1, lambda: order.append("end"))

    asyncio.run(server.shutdown())

    assert order == ["end", "requests"]
