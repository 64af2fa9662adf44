"""Workers on demand: builds of CodeBuild that each take one job (builds.md 14)."""

from chalicelib.builds.workers import claim_codes
from chalicelib.core.target import Target
from chalicelib.platform import codebuild
from chalicelib.platform.config import config

TARGET = Target.X86_64_LINUX
"""The image of the CodeBuild project builds for this target."""

STARTS = 20
"""The most builds that one run starts."""


def start_workers(target: Target, waiting: int, working: int) -> int:
    """Start a build for each job that has no worker, and return how many were started. Raises CodeBuildFailed.

    Builds that have not claimed a job yet count as workers of waiting jobs. A build that finds no job ends.
    """
    if not config.codebuild_project or target is not TARGET or not waiting:
        return 0
    wanted = min(waiting + working, config.jobs_per_target)
    starts = max(0, min(wanted - codebuild.running(config.codebuild_project), STARTS))
    for _ in range(starts):
        codebuild.start(config.codebuild_project, {"BLDR_WORKER_TOKEN": claim_codes.issue(target)})
    return starts
