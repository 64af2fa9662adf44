"""Searching over HTTP (packages.md section 6)."""

from __future__ import annotations

from chalicelib.core.search_terms import QueryUndecodable, Terms, decoded_again
from chalicelib.http.answer import Answer
from chalicelib.http.call import Call
from chalicelib.http.paging import Family, Window, page, window
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages.errors import SearchUndecodable
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.identity import access as sight
    from chalicelib.packages.search import service as search

routes = Routes("search")


def _question(call: Call) -> tuple[Window, bool, Terms]:
    return window(Family.S, call.integer("range")), call.flag("distinct"), Terms.parse(_term(call))


@routes.get("/depot/pkgs/search/{query}", needs=ANYONE, reads=_question, hides_private=True)
def find(call: Call, asked: tuple[Window, bool, Terms]) -> Answer:
    """Idents whose origin and name have all words of the term, or with `distinct` the names."""
    wanted, distinct, terms = asked
    seen = sight.VisibleOrigins.of(call.caller)
    if not distinct:
        idents, total = search.packages(terms, wanted.offset, wanted.size, seen)
        return page(wanted, [ident.as_json() for ident in idents], total)
    places, total = search.names(terms, wanted.offset, wanted.size, seen)
    bare = {"version": None, "release": None}
    return page(wanted, [{"origin": place.origin, "name": place.name, **bare} for place in places], total)


def _term(call: Call) -> str:
    """The segment decoded twice: clients encode it once, or once more (1.5)."""
    once = call["query"]
    try:
        return decoded_again(once)
    except QueryUndecodable as problem:
        shown = once if once.isascii() else call.raw_path["query"]
        raise SearchUndecodable(f"Unable to parse query string '{shown}'") from problem
