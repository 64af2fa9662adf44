"""Errors of projects and their statuses; the texts are the contract's (builds.md section 2)."""

from chalicelib.core.explained import Explained
from chalicelib.core.service_failed import ServiceFailed
from chalicelib.github.errors import STATUS as GITHUB_ERRORS


class ProjectIncomplete(Explained):
    """The body lacks the origin or the path of the plan."""


class ProjectInvalid(Explained):
    """The name, the path of the plan or the clone URL cannot be used; the text says why."""


class ProjectMissing(Exception):
    """The origin has no project with that name and target."""


class ProjectExists(Exception):
    """The name is connected for that target already."""


class PlanRefused(Explained):
    """The plan cannot be read, or is that of another package."""


class RepositoryUnreadable(Explained, ServiceFailed):
    """GitHub did not return the repository or the plan."""


class VisibilityRefused(Exception):
    """The visibility is neither `public` nor `private`."""


class ProjectIntegrationMissing(Exception):
    """The project has no settings for that integration, or one of the two does not exist."""


class ProjectIntegrationInvalid(Exception):
    """The settings of the integration are not JSON."""


STATUS: dict[type[Exception], int] = {
    **GITHUB_ERRORS,
    ProjectIncomplete: 422,
    ProjectInvalid: 422,
    ProjectMissing: 404,
    ProjectExists: 409,
    PlanRefused: 422,
    RepositoryUnreadable: 422,
    VisibilityRefused: 400,
    ProjectIntegrationMissing: 404,
    ProjectIntegrationInvalid: 400,
}
