"""The permission on which a change of an origin is based (accounts.md 6.1)."""

from msgspec import Struct

from chalicelib.core.roles import Role


class Permission(Struct, frozen=True):
    """A role check that an account has passed in an origin. The transaction of the change makes the check again.

    - `origin_id`: the id of the origin when the role was read; an origin that is created again has another id. None if
      the origin did not exist.
    - `minimum`: the role that the account needs.
    - `refused`: the status of the refusal if the account no longer has the role.
    - `read_at`: the time on the monotonic clock before the role was read.
    - `attempt`: for the worker of a job, the number of the job's attempt; `account_id` is then the id of the job, and
      the check is that the attempt has not ended.
    """

    origin: str
    origin_id: int | None
    account_id: int
    minimum: Role
    refused: int = 403
    attempt: int | None = None
    read_at: float = 0.0
