"""The description of the API over HTTP; an addition to the contract."""

from __future__ import annotations

from typing import Any

from chalicelib.core.deferred import deferred
from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Content, Routes

with deferred():
    from chalicelib.docs import openapi, page

routes = Routes("docs")


@routes.get("/openapi.json", needs=ANYONE, answers={200: dict[str, Any]})
def show_document(call: Call) -> Answer:
    """Return the OpenAPI document of this API."""
    app: Any = routes.current_app
    return json_answer(200, openapi.document(app.declared, app.errors))


@routes.get("/docs", needs=ANYONE, answers={200: Content.HTML})
def show_page(call: Call) -> Answer:
    """Return an HTML page that lists the operations of this API."""
    app: Any = routes.current_app
    return Answer(200, page.html(app.declared).encode(), "text/html; charset=utf-8", page.HEADERS)
