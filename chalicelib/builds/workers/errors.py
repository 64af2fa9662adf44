"""Errors of workers and their statuses."""

from chalicelib.core.explained import Explained


class WorkerInvalid(Explained):
    """The name of the worker is empty, too long or not one line, or a target is not one that can be built."""


class WorkerMissing(Exception):
    """The origin does not have a worker with the id."""


class ClaimInvalid(Explained):
    """A field of the claim has a value that cannot be used."""


class ClaimRefused(Explained):
    """The worker may not build for the target, its origin was deleted, its code has been used, or this is a test."""


class ResultInvalid(Explained):
    """A field of the result has a value that cannot be used, or the release that it names is not in the depot."""


class ResultDiffers(Explained):
    """The worker has already reported another result for the job."""

    def __init__(self) -> None:
        super().__init__("Another result of the attempt is stored already")


STATUS: dict[type[Exception], int] = {
    WorkerInvalid: 422,
    WorkerMissing: 404,
    ClaimInvalid: 422,
    ClaimRefused: 403,
    ResultInvalid: 422,
    ResultDiffers: 409,
}
