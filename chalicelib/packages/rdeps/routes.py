"""Reverse dependencies of a name over HTTP (builds.md 7.1, 7.2)."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.target import DEFAULT_TARGET, Target, TargetUnknown
from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages.errors import GraphMissing, GraphTargetInvalid
from chalicelib.packages.rdeps import shapes
from chalicelib.platform.config import config

with deferred():
    from chalicelib.packages.rdeps import service

routes = Routes("packages")
RDEPS = "/rdeps/{origin}/{pkg}"
READ: dict[str, Any] = {
    "needs": ANYONE,
    "query": shapes.RdepsQuery,
    "errors": (GraphMissing, GraphTargetInvalid, OriginMissing),
    "hides_private": True,
    "identity_along": True,
    "cached": Cached.ANONYMOUS,
}


@routes.get(RDEPS, **READ, answers={200: shapes.Rdeps})
def list_reverse_dependencies(call: Call, query: shapes.RdepsQuery) -> Answer:
    """Return the names that need a name directly or indirectly."""
    origin, name = call["origin"], call["pkg"]
    if config.rdeps_source == "graph":
        names = service.by_graph(origin, name, _graph_target(call), call.caller)
    else:
        target = _release_target(query.target)
        names = [] if target is None else service.by_releases(origin, name, target, call.caller)
    return json_answer(200, shapes.Rdeps(origin, name, names))


@routes.get(RDEPS + "/group", **READ, answers={200: shapes.GroupedRdeps})
def list_grouped_reverse_dependencies(call: Call, _query: shapes.RdepsQuery) -> Answer:
    """Return the names that need a name in groups, in the order in which they can be built."""
    origin, name = call["origin"], call["pkg"]
    found = service.groups(origin, name, _graph_target(call), call.caller)
    groups = [shapes.RdepsGroup(number, idents) for number, idents in enumerate(found)]
    return json_answer(200, shapes.GroupedRdeps(origin, name, groups))


def _graph_target(call: Call) -> Target:
    try:
        return call.target
    except TargetUnknown:
        raise GraphTargetInvalid from None


def _release_target(text: str | None) -> Target | None:
    """Return the target, by default x86_64-linux for every client. None if the text is not a target (7.1)."""
    try:
        return DEFAULT_TARGET if text is None else Target.parse(text)
    except TargetUnknown:
        return None
