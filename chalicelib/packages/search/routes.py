"""Search over HTTP (packages.md section 6)."""

from __future__ import annotations

from chalicelib.core.deferred import deferred
from chalicelib.core.search.search_terms import QueryUndecodable, Terms, decoded_again
from chalicelib.http.answer import Answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.paging import Family, Window, page, pages_of, window
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages.errors import SearchUndecodable
from chalicelib.packages.search.shapes import FoundPackage
from chalicelib.packages.shapes import ListQuery

with deferred():
    from chalicelib.identity import access
    from chalicelib.packages.search import cached_index, service

routes = Routes("search")


def _request(call: Call, query: ListQuery) -> tuple[Window, bool, Terms]:
    return window(Family.S, query.range), query.distinct, Terms.parse(_term(call))


@routes.get(
    "/depot/pkgs/search/{query}",
    needs=ANYONE,
    query=ListQuery,
    reads=_request,
    answers=pages_of(FoundPackage),
    errors=(SearchUndecodable,),
    hides_private=True,
    identity_along=True,
    cached=Cached.ANONYMOUS,
)
def search_packages(call: Call, request: tuple[Window, bool, Terms]) -> Answer:
    """Find packages whose origin and name contain all words of a query, or with `distinct` only their names."""
    requested, distinct, terms = request
    find = service.names if distinct else service.packages
    if not terms.can_match:
        return page(requested, [], 0)
    index = cached_index.current(call.caller.read_with)
    visible = access.VisibleOrigins.of(call.caller)
    matches, total = find(index, terms, requested.offset, requested.size, visible)
    return page(requested, [FoundPackage.of(match) for match in matches], total)


def _term(call: Call) -> str:
    """Return the query in the path, decoded a second time, because some clients encode it twice (packages.md 1.5)."""
    decoded = call["query"]
    try:
        return decoded_again(decoded)
    except QueryUndecodable as problem:
        quoted = decoded if decoded.isascii() else call.raw_path["query"]
        raise SearchUndecodable(f"Unable to parse query string '{quoted}'") from problem
