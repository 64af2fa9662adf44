"""The release that an attempt has uploaded without a report: its worker was lost, or gave the job back.

The job is then complete. Another build of it would publish a second release.
"""

from contextlib import suppress

from chalicelib.builds.rows import JobRow, channel_of
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing, TooManyChannels, TooManyInOrigin
from chalicelib.catalog.job_token_rows import job_token_key
from chalicelib.channels import service as channels
from chalicelib.channels.errors import ChannelExists
from chalicelib.core.build_states import JobState
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.identity import machines
from chalicelib.platform.table import read

BUILDING = (JobState.DISPATCHED, JobState.PROCESSING)


def uploaded_by(job: JobRow) -> str | None:
    """Return the ident that the current attempt of a job has uploaded, or None."""
    tokens = read(job_token_key(int(job.id), int(job.attempt)))
    return None if tokens is None else tokens.uploaded


def publish(job: JobRow, text: str) -> bool:
    """Add an uploaded release to the channel of the job's group, as the worker would have done. May be repeated.

    Returns False if the job is being canceled, or if the release cannot be added: it is for another target, or it or
    its origin was deleted meanwhile, or there are too many channels.
    """
    if job.job_state not in BUILDING:
        return False
    ident, target, channel = PackageIdent.parse(text), Target(job.target), channel_of(int(job.group_id))
    by = Session(int(job.id), machines.NAME, SessionFlags(0))
    try:
        with suppress(ChannelExists):
            channels.create(ident.origin, channel, by)
        channels.promote(ident, target, channel, by)
    except (ChannelMissing, ReleaseMissing, TooManyChannels, TooManyInOrigin):
        return False
    return True
