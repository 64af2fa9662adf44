"""Where the plan of a project is: in a repository at GitHub, or at a clone URL that the settings allow.

The order of the checks and their texts are those of builds.md 2.1 and 2.4, the test mode that of 1.6. `clone_url` is an
addition (docs/ORIGINS.md).
"""

from msgspec import Struct

from chalicelib.core.builds import clone_url
from chalicelib.core.builds.plan_file import Plan, PlanMalformed, read_plan
from chalicelib.core.ident import is_package_name
from chalicelib.core.plain_text import is_plain
from chalicelib.github.errors import ContentUndecodable, GitHubFailed
from chalicelib.github.installation import Installation
from chalicelib.platform.config import config
from chalicelib.projects.errors import PlanRefused, ProjectInvalid, RepositoryUnreadable

PLANS_IN_TESTS = {"plan.sh": "testapp", "testapp3/plan.sh": "testapp3", "windows/plan.ps1": "testapp"}
REPOSITORY_IN_TESTS = "https://github.com/habitat-sh/testapp.git"

PATH_CHARACTERS = 1_000


class Location(Struct, frozen=True):
    """Where a request says that the plan is. Ids that GitHub does not know are refused by GitHub.

    `reader` is the account at GitHub that must be able to read the repository, or None.
    """

    plan_path: str
    installation_id: int = 0
    repository_id: int = 0
    clone_url: str | None = None
    reader: str | None = None


class Source(Struct, frozen=True):
    """The repository of a plan, as a project stores it, and the name of the package."""

    package_name: str
    vcs_data: str
    installation_id: str = ""
    repository_id: int = 0


class Wording(Struct, frozen=True):
    """The texts in which creation and change of a project differ."""

    no_repository: str
    no_base64: str


CREATION = Wording("Error finding GitHub repo. Error:  ", "Error decoding base64 content : ")
CHANGE = Wording("Error finding GitHub repo. Error : ", "Error decoding base64 content. Error : ")


def source_of_new(location: Location, name: str) -> Source:
    """Return the source of a new project.

    Raises ProjectInvalid, PlanRefused, RepositoryUnreadable, ContentMissing, GitHubFailed, SecretUnavailable.
    """
    _demand_plan_path(location.plan_path)
    if _is_outside_of_github(location):
        return _at_clone_url(location, name)
    if config.functional_test:
        if location.plan_path not in PLANS_IN_TESTS:
            raise PlanRefused(f"Unknown plan path in tests! '{location.plan_path}'")
        return _in_tests(location, PLANS_IN_TESTS[location.plan_path])
    return _at_github(location, name, CREATION)


def source_of_changed(location: Location, name: str) -> Source:
    """Return the new source of a project. Raises the errors of `source_of_new`."""
    _demand_plan_path(location.plan_path)
    if _is_outside_of_github(location):
        return _at_clone_url(location, name)
    if config.functional_test:
        return _in_tests(location, name)
    return _at_github(location, name, CHANGE)


def _demand_plan_path(path: str) -> None:
    if len(path) > PATH_CHARACTERS or not is_plain(path):
        raise ProjectInvalid(
            f"The plan path must have {PATH_CHARACTERS} characters at most, and no control or invisible characters"
        )


def _is_outside_of_github(location: Location) -> bool:
    """Without the setting, `clone_url` is ignored like every unknown field."""
    return bool(config.git_sources) and location.clone_url is not None


def _at_clone_url(location: Location, name: str) -> Source:
    """The installation is left out: the token for GitHub must never be sent to another server."""
    if not is_package_name(name):
        raise ProjectInvalid(f"Package name '{name}' is not valid")
    if not {"", ".", ".."}.isdisjoint(location.plan_path.split("/")) or "\\" in location.plan_path:
        raise ProjectInvalid("The plan path must be a path within the repository, without `.`, `..` and empty parts")
    url = location.clone_url or ""
    if not url.startswith(config.git_sources):
        raise ProjectInvalid(f"The clone URL must begin with {' or '.join(config.git_sources)}")
    if not clone_url.is_clean(url):
        raise ProjectInvalid(
            f"The clone URL must have {clone_url.MOST_CHARACTERS} characters at most, and no credentials, `..`, query, "
            "fragment, or control characters"
        )
    return Source(name, url)


def _in_tests(location: Location, name: str) -> Source:
    return Source(name, REPOSITORY_IN_TESTS, str(location.installation_id), location.repository_id)


def _at_github(location: Location, name: str, wording: Wording) -> Source:
    installation = Installation(location.installation_id)
    try:
        url = installation.repository(location.repository_id, location.reader).clone_url
    except GitHubFailed as problem:
        raise RepositoryUnreadable(f"{wording.no_repository}{problem.reason}", problem.reason) from problem
    plan = _plan(installation, location, wording)
    if not name or plan.name != name:
        raise PlanRefused(f"Package name '{name}' does not correspond to the plan file")
    if len(url) > clone_url.MOST_CHARACTERS:
        raise ProjectInvalid(f"The clone URL has more than {clone_url.MOST_CHARACTERS} characters")
    return Source(name, url, str(location.installation_id), location.repository_id)


def _plan(installation: Installation, location: Location, wording: Wording) -> Plan:
    try:
        return read_plan(installation.file(location.repository_id, location.plan_path))
    except ContentUndecodable as problem:
        raise RepositoryUnreadable(f"{wording.no_base64}{problem.reason}", problem.reason) from problem
    except GitHubFailed as problem:
        text = f"Error fetching contents from GitHub. Error : {problem.reason}"
        raise RepositoryUnreadable(text, problem.reason) from problem
    except PlanMalformed as problem:
        raise PlanRefused(f"Error matching Plan. Error : {problem}") from problem
