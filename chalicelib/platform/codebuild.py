"""Calls of AWS CodeBuild, which runs workers on demand."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.aws import client

LISTED = 100
"""The most builds that one call can describe."""


class CodeBuildFailed(Exception):
    """CodeBuild could not be reached or refused a call; the call may be repeated."""


def running(project: str) -> int:
    """Return how many of the newest hundred builds of a project have not ended. Raises CodeBuildFailed. Two calls."""
    identifiers = _call("list_builds_for_project", projectName=project, sortOrder="DESCENDING")["ids"][:LISTED]
    if not identifiers:
        return 0
    builds = _call("batch_get_builds", ids=identifiers)["builds"]
    return sum(build["buildStatus"] == "IN_PROGRESS" for build in builds)


def start(project: str, variables: Mapping[str, str]) -> None:
    """Start a build with further environment variables. Raises CodeBuildFailed."""
    overrides = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()]
    _call("start_build", projectName=project, environmentVariablesOverride=overrides)


def _call(operation: str, **arguments: Any) -> Any:
    try:
        return getattr(client("codebuild"), operation)(**arguments)
    except (BotoCoreError, ClientError) as problem:
        raise CodeBuildFailed from problem
