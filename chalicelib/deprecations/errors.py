"""Refusals around deprecations, and the status of each."""


class DeprecationMissing(Exception):
    """Neither the release nor its version or name is deprecated."""


class DeprecationInvalid(Exception):
    """A deprecation without a message, or with a replacement that is no ident."""


STATUS: dict[type[Exception], int] = {
    DeprecationMissing: 404,
    DeprecationInvalid: 422,
}
