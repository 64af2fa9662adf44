"""Package sets over HTTP; an addition to the contract (docs/ORIGINS.md)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from chalicelib.catalog.errors import ChannelMissing, TooManyChannels
from chalicelib.channels.errors import ChannelProtected
from chalicelib.core.deferred import deferred
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import IdentMalformed, PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import NO_CACHE, Answer, json_answer
from chalicelib.http.body import BodyMalformed
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.promotions import shapes
from chalicelib.promotions.errors import STATUS, SetRefused

with deferred():
    from chalicelib.promotions import service

routes = Routes("promotions", STATUS)


def _member(entry: str | shapes.NamedPackage) -> service.SetMember:
    """Return a package that is named by its ident, or by ident and target. Raises BodyMalformed, TargetUnknown."""
    package = shapes.NamedPackage(entry) if isinstance(entry, str) else entry
    try:
        ident = PackageIdent.parse(package.ident)
    except IdentMalformed as problem:
        raise BodyMalformed(f"'{package.ident}' is not a full ident") from problem
    return service.SetMember(ident, None if package.target is None else Target.parse(package.target))


def _members(_: Call, body: shapes.PackageSet) -> tuple[shapes.PackageSet, list[service.SetMember]]:
    # The service refuses a larger set after authorisation. The rest of its idents need not be read for that.
    return body, [_member(entry) for entry in body.idents[: service.LARGEST_SET + 1]]


MOVE: dict[str, Any] = {
    "needs": Role.MAINTAINER,
    "scope": Scope.PROMOTE,
    "body": shapes.PackageSet,
    "reads": _members,
    "answers": {200: shapes.SetPlan, 422: shapes.SetPlan},
    "errors": (ChannelMissing, ChannelProtected, SetRefused, TargetUnknown, TooManyChannels),
}


@routes.post("/promotions/{origin}", **MOVE)
def promote_set(call: Call, parsed: tuple[shapes.PackageSet, list[service.SetMember]]) -> Answer:
    """Promote a set of packages to a channel, all or none; with `dry_run`, only return the plan."""
    return _move(call, ChannelOperation.PROMOTE, *parsed)


@routes.post("/demotions/{origin}", **MOVE)
def demote_set(call: Call, parsed: tuple[shapes.PackageSet, list[service.SetMember]]) -> Answer:
    """Demote a set of packages from a channel, all or none; with `dry_run`, only return the plan."""
    return _move(call, ChannelOperation.DEMOTE, *parsed)


def _move(call: Call, operation: ChannelOperation, body: shapes.PackageSet, members: list[service.SetMember]) -> Answer:
    request = service.SetRequest(operation, call["origin"], body.channel, members, body.from_channel)
    result = service.apply(request, call.caller.require_session(), body.dry_run)
    refused = not (result.applied or body.dry_run)
    return json_answer(422 if refused else 200, _plan(request, result), NO_CACHE)


def _plan(request: service.SetRequest, result: service.SetResult) -> shapes.SetPlan:
    return shapes.SetPlan(
        operation=request.operation.value.lower(),
        channel=request.channel,
        from_channel=request.source,
        possible=result.is_possible,
        applied=result.applied,
        group=result.group,
        counts=dict(Counter(move.outcome.value for move in result.plan)),
        packages=[shapes.PlannedPackage(move.ident, move.target, move.outcome) for move in result.plan],
    )
