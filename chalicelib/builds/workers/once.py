"""Credentials for one claim, which builds of CodeBuild get."""

from chalicelib.core.target import Target


def issue(target: Target) -> str:
    """Return the text of a new credential with which one worker can claim one job for a target."""
    raise NotImplementedError
