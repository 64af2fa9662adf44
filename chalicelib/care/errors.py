"""Refusals of the care domain, and the status of each."""


class SetRefused(Exception):
    """A set of packages that makes no sense, or is too large to be moved all or nothing."""


class PolicyMissing(Exception):
    """The origin has no retention policy."""


class PolicyGone(Exception):
    """The policy was withdrawn or replaced while it was applied."""


class PolicyInvalid(Exception):
    """A retention policy that would remove what must stay, or says nothing."""


class DeprecationMissing(Exception):
    """Neither the release nor its version or name is deprecated."""


class DeprecationInvalid(Exception):
    """A deprecation without a message, or with a replacement that is no ident."""


STATUS: dict[type[Exception], int] = {
    SetRefused: 422,
    PolicyMissing: 404,
    PolicyGone: 409,
    PolicyInvalid: 422,
    DeprecationMissing: 404,
    DeprecationInvalid: 422,
}
