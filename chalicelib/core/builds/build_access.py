"""What the sessions of workers and of their jobs may do. An addition to the contract."""

from enum import StrEnum

from msgspec import Struct

from chalicelib.core.target import Target


class JobUse(StrEnum):
    """What the token of a job may call besides the operations that are open to anyone and those of its job.

    - KEY: the newest secret signing key of its origin.
    - UPLOAD: the upload of a release of its package.
    - CHANNEL: the creation of the channel of its group, and the promotion of a release of its package into it.
    """

    KEY = "key"
    UPLOAD = "upload"
    CHANNEL = "channel"


class JobAccess(Struct, frozen=True):
    """The attempt of a job to which a session belongs, and the package that it builds.

    `origin_id` distinguishes the origin from a later one of the same name. With `may_write` False the session belongs
    to the build itself, which only reads.
    """

    job_id: int
    attempt: int
    origin: str
    origin_id: int
    name: str
    channel: str
    may_write: bool


class WorkerAccess(Struct, frozen=True):
    """The worker to which a session belongs.

    `origin` is the only origin whose jobs it gets; None: the jobs of all origins. `origin_id` is the id of that origin.
    `is_code` is True for a one-time claim code, `claimed_job` the job that was claimed with it, or 0.
    """

    id: int
    name: str
    targets: frozenset[Target]
    origin: str | None = None
    origin_id: int = 0
    is_code: bool = False
    claimed_job: int = 0
