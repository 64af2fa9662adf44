"""The release that an attempt has uploaded without a report: its worker was lost, or gave the job back.

The job is then complete. Another build of it would publish a second release.
"""

from contextlib import suppress

from chalicelib.builds.rows import JobRow, channel_of
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing, RoleLost, TooManyChannels, TooManyInOrigin
from chalicelib.catalog.job_token_rows import JobTokenRow, job_token_key
from chalicelib.channels import service as channels
from chalicelib.channels.errors import ChannelExists
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.ident import PackageIdent
from chalicelib.core.permission import Permission
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.identity import machines
from chalicelib.platform.table import read

BUILDING = (JobState.DISPATCHED, JobState.PROCESSING)


def tokens_of(job: JobRow) -> JobTokenRow | None:
    """Return the row of the tokens of a job's current attempt, which names what the attempt has uploaded."""
    return read(job_token_key(int(job.id), int(job.attempt)))


def publish(job: JobRow, tokens: JobTokenRow, text: str) -> bool:
    """Add an uploaded release to the channel of the job's group, as the worker would have done. May be repeated.

    Returns False if the job is being canceled, or if the release cannot be added: it is for another target, or it or
    its origin was deleted meanwhile, also if a new origin has the name, or there are too many channels.
    """
    if job.job_state not in BUILDING:
        return False
    ident, target, channel = PackageIdent.parse(text), Target(job.target), channel_of(int(job.group_id))
    job_id, attempt = int(job.id), int(job.attempt)
    held = Permission(tokens.origin, int(tokens.origin_id), job_id, Role.MAINTAINER, attempt=attempt)
    by = Session(job_id, machines.NAME, SessionFlags(0), permission=held)
    try:
        with suppress(ChannelExists):
            channels.create(ident.origin, channel, by)
        channels.promote(ident, target, channel, by)
    except (ChannelMissing, ReleaseMissing, RoleLost, TooManyChannels, TooManyInOrigin):
        return False
    return True
