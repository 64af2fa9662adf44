"""Long changes over HTTP; an addition to the contract (docs/ORIGINS.md)."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.long_changes.long_change_rows import LongChangeRow
from chalicelib.core.deferred import deferred
from chalicelib.core.long_change import LongChangeKind, LongChangeState
from chalicelib.core.roles import Role
from chalicelib.http.answer import NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.long_changes import shapes
from chalicelib.long_changes.errors import STATUS, LongChangeMissing

with deferred():
    from chalicelib.long_changes import service

routes = Routes("long changes", STATUS)

READ: dict[str, Any] = {"needs": Role.MAINTAINER}


@routes.get("/long-changes/{origin}", **READ, answers={200: shapes.LongChanges})
def list_long_changes(call: Call) -> Answer:
    """Return the newest long changes of the origin's channels, a hundred at most, the newest first."""
    changes = [_shape(row) for row in service.newest(call["origin"])]
    return json_answer(200, shapes.LongChanges(changes), NO_CACHE)


@routes.get("/long-changes/{origin}/{id}", **READ, answers={200: shapes.LongChange}, errors=(LongChangeMissing,))
def show_long_change(call: Call) -> Answer:
    """Return a long change with its progress."""
    return json_answer(200, _shape(service.find(call["origin"], call["id"])), NO_CACHE)


def _shape(row: LongChangeRow) -> shapes.LongChange:
    state = LongChangeState(row.state)
    total = row.moved if row.total is None and state is LongChangeState.DONE else row.total
    return shapes.LongChange(
        id=str(row.id),
        origin=row.origin,
        kind=LongChangeKind(row.kind),
        source=row.source,
        target=row.target,
        state=state,
        moved=int(row.moved),
        total=None if total is None else int(total),
        requested_by=row.requester,
        created_at=row.created_at,
        ended_at=row.ended_at,
        why=row.why,
    )
