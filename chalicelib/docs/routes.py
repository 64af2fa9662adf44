"""The API's description over HTTP; our own paths (design.md section 3)."""

from __future__ import annotations

from typing import Any

from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Route, Routes
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.docs import openapi, page

routes = Routes("docs")


@routes.get("/openapi.json", needs=ANYONE)
def show_document(call: Call) -> Answer:
    """This API as an OpenAPI 3.1 document."""
    return json_answer(200, openapi.document(_declared()))


@routes.get("/docs", needs=ANYONE)
def show_page(call: Call) -> Answer:
    """This API as a page for people."""
    return Answer(200, page.html(_declared()).encode(), "text/html; charset=utf-8")


def _declared() -> list[Route]:
    app: Any = routes.current_app
    declared: list[Route] = app.declared
    return declared
