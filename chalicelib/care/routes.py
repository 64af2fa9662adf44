"""Looking after an origin's packages over HTTP; our own paths, no part of the contract (docs/OPERATING.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.core.ident import IdentMalformed, PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.target import Target
from chalicelib.events.kinds import Operation
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import BodyMalformed, Call
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.platform.deferred import deferred

if TYPE_CHECKING:
    from chalicelib.care import deprecations, facts, listing, policy, promotions, render, retention, retirement
else:
    deprecations, facts, listing, policy, promotions, render, retention, retirement = (
        deferred(f"chalicelib.care.{name}")
        for name in ("deprecations", "facts", "listing", "policy", "promotions", "render", "retention", "retirement")
    )

routes = Routes("care")
RETENTION = "/retention/{origin}"
NAME = "/deprecations/{origin}/{pkg}"
VERSION = NAME + "/{version}"
RELEASE = VERSION + "/{release}"
_REQUIRED = object()


def _wish(call: Call, operation: Operation) -> tuple[promotions.Wish, bool]:
    body = _body(call)
    wish = promotions.Wish(
        operation,
        call["origin"],
        _field(body, "channel", str, _REQUIRED),
        [_named(entry) for entry in _field(body, "idents", list, _REQUIRED)],
        _field(body, "from_channel", str | None, None),
    )
    return wish, _field(body, "dry_run", bool, False)


@routes.post("/promotions/{origin}", needs=Role.MAINTAINER, reads=lambda call: _wish(call, Operation.PROMOTE))
def promote(call: Call, asked: tuple[promotions.Wish, bool]) -> Answer:
    """Put a set of packages into a channel, all of them or none; with `dry_run` only say what would happen."""
    return _moved(call, *asked)


@routes.post("/demotions/{origin}", needs=Role.MAINTAINER, reads=lambda call: _wish(call, Operation.DEMOTE))
def demote(call: Call, asked: tuple[promotions.Wish, bool]) -> Answer:
    """Take a set of packages out of a channel, all of them or none; with `dry_run` only say what would happen."""
    return _moved(call, *asked)


def _moved(call: Call, wish: promotions.Wish, dry_run: bool) -> Answer:
    answered = promotions.apply(wish, call.caller.require_session(), dry_run)
    refused = not (answered.applied or dry_run)
    return json_answer(422 if refused else 200, render.answered(wish, answered), NO_CACHE)


def _policy(call: Call) -> policy.Policy:
    body = _body(call)
    unknown = body.keys() - {"keep_per_name", "keep_per_channel", "older_than_days", "channels"}
    if unknown:
        raise BodyMalformed(f"`{min(unknown)}` is no part of a policy")
    per_name = _field(body, "keep_per_name", int, _REQUIRED)
    channels = _field(body, "channels", list, [])
    if not all(isinstance(channel, str) for channel in channels):
        raise BodyMalformed("`channels` must be names")
    return policy.Policy.checked(
        per_name,
        _field(body, "keep_per_channel", int, per_name),
        _field(body, "older_than_days", int, _REQUIRED),
        channels,
    )


@routes.get(RETENTION, needs=Role.ADMINISTRATOR)
def show_policy(call: Call) -> Answer:
    """The retention policy in force, and how its last pass ended."""
    return json_answer(200, render.policy(retention.of(call["origin"])), NO_CACHE)


@routes.put(RETENTION, needs=Role.ADMINISTRATOR, reads=_policy)
def set_policy(call: Call, wanted: policy.Policy) -> Answer:
    """Set the retention policy; it is applied by schedule from now on."""
    row = retention.put(call["origin"], wanted, call.caller.require_session())
    return json_answer(200, render.policy(row), NO_CACHE)


@routes.delete(RETENTION, needs=Role.ADMINISTRATOR)
def withdraw_policy(call: Call) -> Answer:
    """Remove the retention policy; nothing is removed under it any more."""
    retention.withdraw(call["origin"], call.caller.require_session())
    return EMPTY_204


def _run(call: Call) -> tuple[bool, policy.Policy | None]:
    dry_run = call.flag("dry_run")
    tried = _policy(call) if call.header("content-type") else None
    if tried is not None and not dry_run:
        raise BodyMalformed("a policy can be tried with `dry_run=true` only")
    return dry_run, tried


@routes.post(RETENTION + "/run", needs=Role.ADMINISTRATOR, reads=_run)
def run_policy(call: Call, asked: tuple[bool, policy.Policy | None]) -> Answer:
    """Apply the policy now, or with `dry_run` say what would go (under it, or under one in the body), and why not."""
    dry_run, tried = asked
    by = call.caller.require_session()
    if tried is not None:
        wanted = retirement.Run(call["origin"], tried, by, None)
    else:
        row = retention.of(call["origin"])
        wanted = retirement.Run(call["origin"], row.policy, by, None if dry_run else int(row.revision))
    report = retirement.run(wanted, call.query("after"))
    return json_answer(200, render.report(report, dry_run), NO_CACHE)


def _subject(call: Call) -> deprecations.Subject:
    parts = tuple(call[part] for part in ("pkg", "version", "release") if part in call.path)
    return deprecations.Subject.checked(call["origin"], parts)


@routes.get(NAME, needs=ANYONE, hides_private=True)
@routes.get(VERSION, needs=ANYONE, hides_private=True)
@routes.get(RELEASE, needs=ANYONE, hides_private=True)
def show_deprecation(call: Call) -> Answer:
    """The most specific deprecation that applies to a name, version or release."""
    subject = _subject(call)
    return json_answer(200, render.deprecation(deprecations.shown(subject, call.caller)), NO_CACHE)


def _said(call: Call) -> tuple[str, str | None]:
    body = _body(call)
    return _field(body, "message", str, _REQUIRED), _field(body, "replacement", str | None, None)


@routes.put(NAME, needs=Role.MAINTAINER, reads=_said)
@routes.put(VERSION, needs=Role.MAINTAINER, reads=_said)
@routes.put(RELEASE, needs=Role.MAINTAINER, reads=_said)
def deprecate(call: Call, said: tuple[str, str | None]) -> Answer:
    """Say why it should not be used any more."""
    row = deprecations.deprecate(_subject(call), *said, call.caller.require_session())
    return json_answer(200, render.deprecation(row), NO_CACHE)


@routes.delete(NAME, needs=Role.MAINTAINER)
@routes.delete(VERSION, needs=Role.MAINTAINER)
@routes.delete(RELEASE, needs=Role.MAINTAINER)
def withdraw_deprecation(call: Call) -> Answer:
    """Take it back."""
    deprecations.withdraw(_subject(call))
    return EMPTY_204


@routes.get("/packages/{origin}/{pkg}/{version}/{release}", needs=ANYONE, hides_private=True, identity_along=True)
def show_facts(call: Call) -> Answer:
    """What is known about a package; `target` asks for that one only."""
    found = facts.of(call.ident, call.target, call.optional("target") is not None, call.caller)
    return json_answer(200, render.facts(found), NO_CACHE)


def _named(entry: Any) -> Any:
    """`"origin/name/version/release"`, or `{"ident": …, "target": …}`. Raises BodyMalformed, TargetUnknown."""
    named = {"ident": entry} if isinstance(entry, str) else entry
    if not isinstance(named, dict):
        raise BodyMalformed("`idents` must hold texts or objects")
    text, target = _field(named, "ident", str, _REQUIRED), _field(named, "target", str | None, None)
    try:
        return promotions.Named(PackageIdent.parse(text), None if target is None else Target.parse(target))
    except IdentMalformed as problem:
        raise BodyMalformed(f"'{text}' is not a full ident") from problem


def _body(call: Call) -> dict[str, Any]:
    """The JSON object that was sent, of texts that can be stored. Raises BodyMalformed, BodyTooLarge."""
    body = call.json_object()
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as problem:
        raise BodyMalformed("a text holds half of a character") from problem
    return body


def _field(body: dict[str, Any], name: str, kind: Any, default: Any) -> Any:
    value = body.get(name, default)
    if value is _REQUIRED or not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BodyMalformed(f"`{name}` is missing or of the wrong type")
    return value


@routes.put("/unlisted/{origin}/{pkg}/{version}/{release}", needs=Role.MAINTAINER)
def unlist(call: Call) -> Answer:
    """Keep a release for those who know its ident, and for members."""
    listing.unlist(call.ident)
    return EMPTY_204


@routes.delete("/unlisted/{origin}/{pkg}/{version}/{release}", needs=Role.MAINTAINER)
def list_again(call: Call) -> Answer:
    """Show a release again, as its package settings say."""
    listing.list_again(call.ident)
    return EMPTY_204
