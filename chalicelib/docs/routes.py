"""The API's description over HTTP; our own paths (design.md section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.dispatch import mounted
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.platform.deferred import deferred

if TYPE_CHECKING:
    from chalicelib.docs import openapi, page
else:
    openapi, page = deferred("chalicelib.docs.openapi"), deferred("chalicelib.docs.page")

routes = Routes("docs")


@routes.get("/openapi.json", needs=ANYONE)
def show_document(call: Call) -> Answer:
    """This API as an OpenAPI 3.1 document."""
    return json_answer(200, openapi.document(mounted))


@routes.get("/docs", needs=ANYONE)
def show_page(call: Call) -> Answer:
    """This API as a page for people."""
    return Answer(200, page.html(mounted).encode(), "text/html; charset=utf-8")
