"""Package settings over HTTP (packages.md section 10, platform.md 2.5)."""

from __future__ import annotations

from typing import Any

from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, Answer, json_answer
from chalicelib.http.body import BodyMalformed
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.packages import render
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.packages.settings import service as settings

routes = Routes("package settings")
NAME = "/settings/{origin}/{pkg}"


@routes.post(NAME, needs=Role.MAINTAINER, scope=Scope.ADMIN)
def create(call: Call) -> Answer:
    """Make settings; a body is ignored."""
    row = settings.create(call["origin"], call["pkg"], call.caller.require_session())
    return json_answer(201, render.settings(call["origin"], row))


@routes.get(NAME, needs=Role.READONLY_MEMBER)
def show(call: Call) -> Answer:
    """The settings, for members only, also where they say `public`."""
    return json_answer(200, render.settings(call["origin"], settings.show(call["origin"], call["pkg"])))


def _wanted(call: Call) -> Any:
    """The word in the body; which words there are is asked after the role."""
    wanted = call.json_object().get("visibility")
    if wanted is not None and not isinstance(wanted, str):
        raise BodyMalformed("visibility must be a text")
    return wanted


@routes.put(NAME, needs=Role.MAINTAINER, scope=Scope.ADMIN, reads=_wanted)
def change(call: Call, wanted: Any) -> Answer:
    """Change what the next upload gets."""
    visibility = settings.parse_visibility(wanted)
    row = settings.change_visibility(call["origin"], call["pkg"], visibility, call.caller.require_session())
    return json_answer(200, render.settings(call["origin"], row))


@routes.delete(NAME, needs=Role.MAINTAINER, scope=Scope.ADMIN)
def delete(call: Call) -> Answer:
    """Remove the settings of a name that has no packages."""
    settings.delete(call["origin"], call["pkg"])
    return EMPTY_204
