"""Sets of packages over HTTP; our own paths (docs/OPERATING.md)."""

from __future__ import annotations

from collections import Counter

from chalicelib.catalog.errors import ChannelMissing, TooManyChannels
from chalicelib.channels.errors import ChannelProtected
from chalicelib.core.event_kinds import ChannelOperation
from chalicelib.core.ident import IdentMalformed, PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.target import Target
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import NO_CACHE, Answer, json_answer
from chalicelib.http.body import BodyMalformed
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.platform.deferred import deferred
from chalicelib.promotions import shapes
from chalicelib.promotions.errors import STATUS, SetRefused

with deferred():
    from chalicelib.promotions import service

routes = Routes("promotions", STATUS)


def _request(call: Call, body: shapes.PackageSet, operation: ChannelOperation) -> tuple[service.SetRequest, bool]:
    members = [_member(entry) for entry in body.idents]
    request = service.SetRequest(operation, call["origin"], body.channel, members, body.from_channel)
    return request, body.dry_run


def _member(entry: str | shapes.NamedPackage) -> service.SetMember:
    """A package by its ident, or by ident and target. Raises BodyMalformed, TargetUnknown."""
    named = shapes.NamedPackage(entry) if isinstance(entry, str) else entry
    try:
        ident = PackageIdent.parse(named.ident)
    except IdentMalformed as problem:
        raise BodyMalformed(f"'{named.ident}' is not a full ident") from problem
    return service.SetMember(ident, None if named.target is None else Target.parse(named.target))


@routes.post(
    "/promotions/{origin}",
    needs=Role.MAINTAINER,
    scope=Scope.PROMOTE,
    body=shapes.PackageSet,
    reads=lambda call, body: _request(call, body, ChannelOperation.PROMOTE),
    answers={200: shapes.SetPlan, 422: shapes.SetPlan},
    errors=(ChannelMissing, ChannelProtected, SetRefused, TooManyChannels),
)
def promote(call: Call, wanted: tuple[service.SetRequest, bool]) -> Answer:
    """Promote a set of packages to a channel, all or none; with `dry_run` only return the plan."""
    return _move(call, *wanted)


@routes.post(
    "/demotions/{origin}",
    needs=Role.MAINTAINER,
    scope=Scope.PROMOTE,
    body=shapes.PackageSet,
    reads=lambda call, body: _request(call, body, ChannelOperation.DEMOTE),
    answers={200: shapes.SetPlan, 422: shapes.SetPlan},
    errors=(ChannelMissing, ChannelProtected, SetRefused, TooManyChannels),
)
def demote(call: Call, wanted: tuple[service.SetRequest, bool]) -> Answer:
    """Demote a set of packages from a channel, all or none; with `dry_run` only return the plan."""
    return _move(call, *wanted)


def _move(call: Call, request: service.SetRequest, dry_run: bool) -> Answer:
    result = service.apply(request, call.caller.require_session(), dry_run)
    refused = not (result.applied or dry_run)
    return json_answer(422 if refused else 200, _plan(request, result), NO_CACHE)


def _plan(request: service.SetRequest, result: service.SetResult) -> shapes.SetPlan:
    return shapes.SetPlan(
        operation=request.operation.value.lower(),
        channel=request.channel,
        from_channel=request.source,
        possible=result.is_possible,
        applied=result.applied,
        group=result.group,
        counts=dict(Counter(planned.outcome.value for planned in result.plan)),
        packages=[shapes.PlannedPackage(planned.ident, planned.target, planned.outcome) for planned in result.plan],
    )
