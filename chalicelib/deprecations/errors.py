"""Errors of deprecations and their statuses."""

from chalicelib.core.explained import Explained


class DeprecationMissing(Exception):
    """No deprecation applies to the name, version or release."""


class DeprecationInvalid(Explained):
    """The message is empty, too long, has control characters or insecure links, or the replacement is not an ident."""


STATUS: dict[type[Exception], int] = {
    DeprecationMissing: 404,
    DeprecationInvalid: 422,
}
