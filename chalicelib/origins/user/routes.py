"""The origins and invitations of the signed-in user over HTTP (accounts.md 8.3)."""

from __future__ import annotations

from chalicelib.catalog.origin_summaries import OriginSummaries
from chalicelib.core.deferred import deferred
from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import SESSION, Routes
from chalicelib.identity.errors import SessionMissing
from chalicelib.origins.invitations import shapes as invitation_shapes
from chalicelib.origins.user import shapes

with deferred():
    from chalicelib.catalog import origin_summaries
    from chalicelib.origins.invitations import service as invitations
    from chalicelib.origins.user import service

routes = Routes("origins")


def _summaries(call: Call) -> OriginSummaries:
    """Read the summaries together with the rows that prove the caller. Raises SessionMissing, TokenRefused."""
    if call.caller.is_anonymous:
        raise SessionMissing
    return origin_summaries.current(call.caller.read_with)


@routes.get(
    "/user/origins", needs=SESSION, reads=_summaries, answers={200: list[shapes.OwnOrigin]}, identity_along=True
)
def list_own_origins(call: Call, summaries: OriginSummaries) -> Answer:
    """Return the origins that the caller is a member of, by name."""
    own = service.origins_of(call.caller.require_session(), summaries)
    return json_answer(200, [_shown(origin) for origin in own])


@routes.get("/user/invitations", needs=SESSION, answers={200: list[invitation_shapes.Invitation]})
def list_own_invitations(call: Call) -> Answer:
    """Return the caller's invitations that are neither accepted nor ignored, oldest first."""
    pending = invitations.pending_for(call.caller.require_session())
    return json_answer(200, [invitation_shapes.Invitation.of(row) for row in pending])


def _shown(origin: service.OwnOrigin) -> shapes.OwnOrigin:
    return shapes.OwnOrigin(
        owner_id=str(origin.summary.owner_id),
        name=origin.name,
        created_at=origin.summary.created_at,
        updated_at=origin.summary.created_at,
        default_package_visibility=origin.summary.visibility,
        package_count=origin.summary.settings,
    )
