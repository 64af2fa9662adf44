"""Deletions with a plan over HTTP; an addition to the contract (docs/ORIGINS.md)."""

from __future__ import annotations

from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.deletions import shapes
from chalicelib.http.answer import NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.packages.errors import DeletionRefused
from chalicelib.platform.object_store import ObjectStoreFailed

with deferred():
    from chalicelib.deletions import service

routes = Routes("deletions")


def _requested(call: Call, body: shapes.NewDeletion) -> tuple[service.Deletion, bool]:
    """Return the requested deletion, and whether it is a dry run. Raises TargetUnknown."""
    return service.Deletion(call.ident, Target.parse(body.target), body.despite_dependents), body.dry_run


@routes.post(
    "/deletions/{origin}/{pkg}/{version}/{release}",
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    body=shapes.NewDeletion,
    reads=_requested,
    answers={200: shapes.DeletionPlan, 422: shapes.DeletionPlan},
    errors=(DeletionRefused, ObjectStoreFailed, ReleaseMissing, TargetUnknown),
)
def delete_with_plan(call: Call, parsed: tuple[service.Deletion, bool]) -> Answer:
    """Delete a package, with `despite_dependents` also if others depend on its name; return what depends on it.

    Without `despite_dependents`, a package whose name others need stays, and the answer is 422 with the same plan. With
    `dry_run` nothing is deleted. A package in `stable` is never deleted. A repeat after a deletion is 404.
    """
    requested, dry_run = parsed
    plan = service.apply(requested, call.caller, dry_run)
    answer = shapes.DeletionPlan(
        ident=requested.ident,
        target=requested.target,
        possible=plan.is_possible,
        deleted=plan.deleted,
        dependents=plan.dependents.visible,
        unseen_dependents=plan.dependents.unseen,
        all_dependents=plan.dependents.complete,
    )
    return json_answer(200 if plan.is_possible or dry_run else 422, answer, NO_CACHE)
