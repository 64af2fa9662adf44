"""Package settings over HTTP (packages.md section 10, platform.md 2.5)."""

from __future__ import annotations

from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.packages.errors import (
    IdentInvalid,
    SettingsExist,
    SettingsMissing,
    SettingsNeeded,
    SettingsVisibilityUnknown,
    VisibilityMissing,
)
from chalicelib.packages.settings.shapes import NewVisibility, Settings

with deferred():
    from chalicelib.packages.settings import service

routes = Routes("package settings")
NAME = "/settings/{origin}/{pkg}"


@routes.post(
    NAME,
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    answers={201: Settings},
    errors=(IdentInvalid, OriginMissing, SettingsExist),
)
def create_settings(call: Call) -> Answer:
    """Create the settings of a name with the default visibility of the origin. A body is ignored."""
    row = service.create(call["origin"], call["pkg"], call.caller.require_session())
    return json_answer(201, Settings.of(row))


@routes.get(NAME, needs=Role.READONLY_MEMBER, answers={200: Settings}, errors=(SettingsMissing,))
def show_settings(call: Call) -> Answer:
    """Return the settings of a name. Only members see them, even if the visibility is `public`."""
    return json_answer(200, Settings.of(service.show(call["origin"], call["pkg"])))


@routes.put(
    NAME,
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    body=NewVisibility,
    answers={200: Settings},
    errors=(SettingsMissing, SettingsVisibilityUnknown, VisibilityMissing),
)
def change_settings(call: Call, body: NewVisibility) -> Answer:
    """Change the visibility of the next upload. Existing packages keep theirs."""
    visibility = service.parse_visibility(body.visibility)
    row = service.change_visibility(call["origin"], call["pkg"], visibility, call.caller.require_session())
    return json_answer(200, Settings.of(row))


@routes.delete(NAME, needs=Role.MAINTAINER, scope=Scope.ADMIN, answers={204: None}, errors=(SettingsNeeded,))
def delete_settings(call: Call) -> Answer:
    """Delete the settings of a name that does not have packages."""
    service.delete(call["origin"], call["pkg"], call.caller.require_session())
    return EMPTY_204
