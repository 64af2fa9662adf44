"""Refusals of the uploads domain, and the status of each."""


class UploadMissing(Exception):
    """The account has no such upload, or it has expired or was given up."""


class UploadTooLarge(Exception):
    """More bytes than an object can hold."""


class PartsMissing(Exception):
    """The upload cannot be completed yet; the text says which parts are not there or have the wrong size.

    No 409: to hab that means that the package is there, and it would take the upload for done.
    """


class AlreadyFinishing(Exception):
    """Somebody else is at work on the upload."""


class AttemptLost(Exception):
    """The upload was given up, or another attempt at finishing it took over."""


STATUS: dict[type[Exception], int] = {
    UploadMissing: 404,
    UploadTooLarge: 413,
    PartsMissing: 422,
}
