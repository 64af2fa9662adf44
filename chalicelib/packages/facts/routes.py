"""Facts about a package over HTTP (docs/ORIGINS.md)."""

from __future__ import annotations

from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.target import TargetUnknown
from chalicelib.deprecations.shapes import Deprecation
from chalicelib.http.answer import NO_CACHE, Answer, json_answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages.facts import shapes

with deferred():
    from chalicelib.packages.facts import service

routes = Routes("packages")


@routes.get(
    "/packages/{origin}/{pkg}/{version}/{release}",
    needs=ANYONE,
    query=shapes.FactsQuery,
    answers={200: shapes.Facts},
    errors=(ReleaseMissing, TargetUnknown),
    hides_private=True,
    identity_along=True,
    cached=Cached.OUTSIDERS,
)
def show_facts(call: Call, query: shapes.FactsQuery) -> Answer:
    """Return the size, history, channels and deprecation of a package."""
    facts = service.facts_of(call.ident, call.target, query.target is not None, call.caller)
    row = facts.package.row
    body = shapes.Facts(
        ident=call.ident,
        target=facts.target,
        size=int(row.size),
        checksum=row.checksum,
        visibility=facts.package.visibility,
        package_type=row.package_type.capitalize(),
        uploaded_by=facts.uploader,
        uploaded_at=row.updated_at,
        first_uploaded_at=row.created_at,
        channels=facts.channels,
        deprecation=None if facts.deprecation is None else Deprecation.of(facts.deprecation),
    )
    return json_answer(200, body, NO_CACHE)
