"""Retention policies over HTTP; an addition to the contract (docs/ORIGINS.md)."""

from __future__ import annotations

from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.body import BodyMalformed
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.retention import shapes
from chalicelib.retention.errors import STATUS, PolicyGone, PolicyInvalid, PolicyMissing

with deferred():
    from chalicelib.retention import policy, removal, rows, service

routes = Routes("retention", STATUS)
POLICY = "/retention/{origin}"


def _new_policy(_: Call, body: shapes.NewPolicy) -> policy.Policy:
    per_channel = body.keep_per_name if body.keep_per_channel is None else body.keep_per_channel
    return policy.Policy.checked(body.keep_per_name, per_channel, body.older_than_days, body.channels)


@routes.get(POLICY, needs=Role.ADMINISTRATOR, answers={200: shapes.Policy}, errors=(PolicyMissing,))
def show_policy(call: Call) -> Answer:
    """Return the retention policy in force and its last pass."""
    return json_answer(200, _shown(service.policy_of(call["origin"])), NO_CACHE)


@routes.put(
    POLICY,
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    body=shapes.NewPolicy,
    reads=_new_policy,
    answers={200: shapes.Policy},
    errors=(OriginMissing, PolicyInvalid),
)
def set_policy(call: Call, new: policy.Policy) -> Answer:
    """Set the retention policy. The schedule applies it from now on."""
    row = service.set_policy(call["origin"], new, call.caller.require_session())
    return json_answer(200, _shown(row), NO_CACHE)


@routes.delete(POLICY, needs=Role.ADMINISTRATOR, scope=Scope.ADMIN, answers={204: None})
def delete_policy(call: Call) -> Answer:
    """Delete the retention policy. No more packages are removed under it."""
    service.delete_policy(call["origin"], call.caller.require_session())
    return EMPTY_204


def _run_request(call: Call, query: shapes.RunQuery) -> tuple[shapes.RunQuery, policy.Policy | None]:
    """Return the query, and the policy in the body if there is one. Raises BodyMalformed, PolicyInvalid."""
    trial = _new_policy(call, call.body_as(shapes.NewPolicy)) if call.header("content-type") else None
    if trial is not None and not query.dry_run:
        raise BodyMalformed("a policy can be tried with `dry_run=true` only")
    return query, trial


@routes.post(
    POLICY + "/run",
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    query=shapes.RunQuery,
    optional_body=shapes.NewPolicy,
    reads=_run_request,
    answers={200: shapes.Report},
    errors=(ObjectStoreFailed, PolicyGone, PolicyInvalid, PolicyMissing),
)
def run_policy(call: Call, parsed: tuple[shapes.RunQuery, policy.Policy | None]) -> Answer:
    """Apply the policy now. With `dry_run`, return what it, or another policy in the body, would remove and keep."""
    query, trial = parsed
    origin, by, sees = call["origin"], call.caller.require_session(), call.caller.may_see
    if trial is not None:
        run = removal.Run(origin, trial, by, None, sees=sees)
    else:
        row = service.policy_of(origin)
        run = removal.Run(origin, row.policy, by, None if query.dry_run else int(row.revision), sees=sees)
    return json_answer(200, _report(removal.apply(run, query.after), query.dry_run), NO_CACHE)


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


def _report(report: removal.Report, dry_run: bool) -> shapes.Report:
    removed, kept = [], []
    for package in report.packages:
        verdict = package.verdict
        if verdict.kept_by is None:
            removed.append(shapes.RemovedPackage(verdict.release.ident, package.target))
        else:
            kept.append(shapes.KeptPackage(verdict.release.ident, package.target, verdict.kept_by, verdict.detail))
    return shapes.Report(dry_run, removed, kept, complete=report.next_after is None, next_after=report.next_after)
