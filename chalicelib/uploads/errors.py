"""Errors of uploads in parts, and their statuses."""

from chalicelib.core.explained import Explained


class UploadMissing(Exception):
    """The account does not have the upload: it expired, was aborted, or belongs to another account."""


class UploadTooLarge(Explained):
    """The announced size exceeds the limit of an object."""


class TooManyUploads(Explained):
    """The account has as many open uploads as it may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"An account can have {limit} open uploads at most; complete or delete one of them")


class PartsMissing(Explained):
    """The upload cannot be completed yet; the text names the parts that are missing or have the wrong size.

    The status is not 409, because hab treats that as an existing package, and so as success.
    """


class LeaseHeld(Exception):
    """Another attempt at publishing the upload holds its lease."""


class LeaseLost(Exception):
    """The upload was aborted, or another attempt has taken over its lease."""


STATUS: dict[type[Exception], int] = {
    UploadMissing: 404,
    UploadTooLarge: 413,
    TooManyUploads: 429,
    PartsMissing: 422,
}
