"""The description of the API over HTTP; an addition to the contract."""

from __future__ import annotations

from functools import cache
from typing import Any

from chalicelib.core.deferred import deferred
from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Content, Routes

with deferred():
    from chalicelib.docs import openapi, page

routes = Routes("docs")


@routes.get("/openapi.json", needs=ANYONE, cached=Cached.EVERYONE, answers={200: dict[str, Any]})
def show_document(call: Call) -> Answer:
    """Return the OpenAPI document of this API."""
    return _document()


@routes.get("/docs", needs=ANYONE, cached=Cached.EVERYONE, answers={200: Content.HTML})
def show_page(call: Call) -> Answer:
    """Return an HTML page that lists the operations of this API."""
    return _page()


# The routes of a process do not change, so both answers are rendered once.
@cache
def _document() -> Answer:
    app: Any = routes.current_app
    return json_answer(200, openapi.document(app.declared, app.errors))


@cache
def _page() -> Answer:
    app: Any = routes.current_app
    return Answer(200, page.html(app.declared).encode(), "text/html; charset=utf-8", page.HEADERS)
