"""Retention policies over HTTP; our own paths (docs/OPERATING.md)."""

from __future__ import annotations

from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.body import BodyMalformed
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.platform.deferred import deferred
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.retention import shapes
from chalicelib.retention.errors import STATUS, PolicyGone, PolicyInvalid, PolicyMissing

with deferred():
    from chalicelib.retention import policy, removal, rows, service

routes = Routes("retention", STATUS)
POLICY = "/retention/{origin}"


def _policy(_: Call, body: shapes.NewPolicy) -> policy.Policy:
    per_channel = body.keep_per_name if body.keep_per_channel is None else body.keep_per_channel
    return policy.Policy.checked(body.keep_per_name, per_channel, body.older_than_days, body.channels)


@routes.get(POLICY, needs=Role.ADMINISTRATOR, answers={200: shapes.Policy}, errors=(PolicyMissing,))
def show_policy(call: Call) -> Answer:
    """Return the retention policy in force and its last pass."""
    return json_answer(200, _shown(service.of(call["origin"])), NO_CACHE)


@routes.put(
    POLICY,
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    body=shapes.NewPolicy,
    reads=_policy,
    answers={200: shapes.Policy},
    errors=(OriginMissing, PolicyInvalid),
)
def set_policy(call: Call, wanted: policy.Policy) -> Answer:
    """Set the retention policy. The schedule applies it from now on."""
    row = service.put(call["origin"], wanted, call.caller.require_session())
    return json_answer(200, _shown(row), NO_CACHE)


@routes.delete(POLICY, needs=Role.ADMINISTRATOR, scope=Scope.ADMIN, answers={204: None})
def delete_policy(call: Call) -> Answer:
    """Delete the retention policy. Nothing more is removed under it."""
    service.withdraw(call["origin"], call.caller.require_session())
    return EMPTY_204


def _run(call: Call, query: shapes.RunQuery) -> tuple[shapes.RunQuery, policy.Policy | None]:
    """The query, and the policy in the body if there is one."""
    tried = _policy(call, call.body_as(shapes.NewPolicy)) if call.header("content-type") else None
    if tried is not None and not query.dry_run:
        raise BodyMalformed("a policy can be tried with `dry_run=true` only")
    return query, tried


@routes.post(
    POLICY + "/run",
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    query=shapes.RunQuery,
    optional_body=shapes.NewPolicy,
    reads=_run,
    answers={200: shapes.Report},
    errors=(ObjectStoreFailed, PolicyGone, PolicyInvalid, PolicyMissing),
)
def run_policy(call: Call, wanted: tuple[shapes.RunQuery, policy.Policy | None]) -> Answer:
    """Apply the policy now. With `dry_run`, report what it (or a policy in the body) would remove, and why not."""
    query, tried = wanted
    by = call.caller.require_session()
    if tried is not None:
        run = removal.Run(call["origin"], tried, by, None)
    else:
        row = service.of(call["origin"])
        run = removal.Run(call["origin"], row.policy, by, None if query.dry_run else int(row.revision))
    return json_answer(200, _report(removal.run(run, query.after), query.dry_run), NO_CACHE)


def _shown(row: rows.PolicyRow) -> shapes.Policy:
    in_force = row.policy
    return shapes.Policy(
        origin=row.origin,
        keep_per_name=in_force.keep_per_name,
        keep_per_channel=in_force.keep_per_channel,
        older_than_days=in_force.older_than_days,
        channels=sorted(in_force.channels),
        set_by=row.set_by,
        set_at=row.set_at,
        last_pass=shapes.LastPass(row.begun_at, row.finished_at, int(row.removed), row.cursor),
    )


def _report(made: removal.Report, dry_run: bool) -> shapes.Report:
    removed, kept = [], []
    for judged in made.judged:
        verdict = judged.verdict
        if verdict.kept_by is None:
            removed.append(shapes.RemovedPackage(verdict.release.ident, judged.target))
        else:
            kept.append(shapes.KeptPackage(verdict.release.ident, judged.target, verdict.kept_by, verdict.detail))
    return shapes.Report(dry_run, removed, kept, complete=made.next_after is None, next_after=made.next_after)
