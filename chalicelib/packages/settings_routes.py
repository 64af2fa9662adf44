"""Package settings over HTTP (packages.md section 10, platform.md 2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.roles import Role
from chalicelib.http.answer import EMPTY_204, Answer, json_answer
from chalicelib.http.call import BodyMalformed, Call
from chalicelib.http.routes import Routes
from chalicelib.packages import render
from chalicelib.platform.deferred import deferred

if TYPE_CHECKING:
    from chalicelib.packages import settings
else:
    settings = deferred("chalicelib.packages.settings")

routes = Routes("package settings")
NAME = "/settings/{origin}/{pkg}"


@routes.post(NAME, needs=Role.MAINTAINER)
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


@routes.put(NAME, needs=Role.MAINTAINER, reads=_wanted)
def change(call: Call, wanted: Any) -> Answer:
    """Change what the next upload gets."""
    visibility = settings.parse_visibility(wanted)
    row = settings.change_visibility(call["origin"], call["pkg"], visibility, call.caller.require_session())
    return json_answer(200, render.settings(call["origin"], row))


@routes.delete(NAME, needs=Role.MAINTAINER)
def delete(call: Call) -> Answer:
    """Remove the settings of a name that has no packages."""
    settings.delete(call["origin"], call["pkg"])
    return EMPTY_204
