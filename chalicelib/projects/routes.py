"""Projects over HTTP (builds.md section 2)."""

from __future__ import annotations

from chalicelib.catalog.errors import OriginMissing, TooManyInOrigin
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.target import TargetUnknown
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.github.errors import ContentMissing, GitHubFailed
from chalicelib.http.answer import EMPTY_204, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.packages.errors import SettingsMissing
from chalicelib.projects import shapes
from chalicelib.projects.errors import (
    STATUS,
    PlanRefused,
    ProjectExists,
    ProjectIncomplete,
    ProjectInvalid,
    ProjectMissing,
    RepositoryUnreadable,
    VisibilityRefused,
)
from chalicelib.projects.integrations.routes import routes as integrations

with deferred():
    from chalicelib.identity import github_reader
    from chalicelib.projects import service, sources

routes = Routes("projects", STATUS)
routes.include(integrations)

PROJECT = "/projects/{origin}/{pkg}"
SOURCE_ERRORS = (ContentMissing, GitHubFailed, PlanRefused, ProjectInvalid, RepositoryUnreadable, TargetUnknown)


def _demand_complete(_: Call, body: shapes.NewProject) -> shapes.NewProject:
    """Refuse a body without origin or plan path, also from anonymous callers (builds.md 2.1)."""
    if not body.origin or not body.plan_path:
        raise ProjectIncomplete("Missing required origin or plan path")
    return body


@routes.post(
    "/projects",
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    body=shapes.NewProject,
    reads=_demand_complete,
    checked_inside=True,
    answers={201: shapes.Project},
    errors=(OriginMissing, ProjectExists, ProjectIncomplete, TooManyInOrigin, *SOURCE_ERRORS),
)
def create_project(call: Call, body: shapes.NewProject) -> Answer:
    """Connect a package and a target to a plan in a Git repository."""
    by = call.caller.require_role(body.origin, Role.MAINTAINER)
    row = service.create(body.origin, body.name, _request(body, by), by)
    return json_answer(201, shapes.Project.of(row))


@routes.get("/projects/{origin}", needs=Role.READONLY_MEMBER, answers={200: list[str]})
def list_projects(call: Call) -> Answer:
    """Return the package names of an origin's projects, oldest first; a name has one entry for each target."""
    return json_answer(200, service.names(call["origin"]))


@routes.get(
    PROJECT,
    needs=Role.READONLY_MEMBER,
    query=shapes.TargetQuery,
    answers={200: shapes.Project},
    errors=(ProjectMissing,),
)
def show_project(call: Call, query: shapes.TargetQuery) -> Answer:
    """Return the project of a package and a target."""
    row = service.show(call["origin"], call["pkg"], service.target_or_default(query.target))
    return json_answer(200, shapes.Project.of(row))


@routes.put(
    PROJECT,
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    body=shapes.ProjectChange,
    answers={204: None},
    errors=(OriginMissing, ProjectIncomplete, ProjectMissing, *SOURCE_ERRORS),
)
def change_project(call: Call, body: shapes.ProjectChange) -> Answer:
    """Replace all settings of a project. The target in the body selects the project."""
    by = call.caller.require_session()
    service.change(call["origin"], call["pkg"], _request(body, by), by)
    return EMPTY_204


@routes.delete(
    PROJECT,
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    query=shapes.TargetQuery,
    answers={204: None},
    errors=(OriginMissing,),
)
def delete_project(call: Call, query: shapes.TargetQuery) -> Answer:
    """Delete the project of a package and a target, if it exists. Packages and jobs stay."""
    target = service.target_or_default(query.target)
    service.delete(call["origin"], call["pkg"], target, call.caller.require_session())
    return EMPTY_204


@routes.patch(
    PROJECT + "/{visibility}",
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    answers={204: None},
    errors=(SettingsMissing, VisibilityRefused),
)
def change_project_visibility(call: Call) -> Answer:
    """Change the visibility of the next upload of a package. Deprecated: use the settings of the package."""
    service.change_visibility(call["origin"], call["pkg"], call["visibility"], call.caller.require_session())
    return EMPTY_204


# Routing does not try the variable where `jobs` or `integrations` matches, on any method.
@routes.patch(PROJECT + "/jobs", needs=Role.MAINTAINER, scope=Scope.ADMIN, answers={}, errors=(VisibilityRefused,))
@routes.patch(
    PROJECT + "/integrations", needs=Role.MAINTAINER, scope=Scope.ADMIN, answers={}, errors=(VisibilityRefused,)
)
def refuse_project_visibility(_: Call) -> Answer:
    """Refuse the visibilities `jobs` and `integrations`, which do not exist."""
    raise VisibilityRefused


def _request(body: shapes.ProjectChange, by: Session) -> service.ProjectRequest:
    reader = github_reader.reader_of(by)
    location = sources.Location(body.plan_path, body.installation_id, body.repo_id, body.clone_url, reader)
    return service.ProjectRequest(location, body.target, body.auto_build)
