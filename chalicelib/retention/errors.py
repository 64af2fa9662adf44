"""Refusals around retention policies, and the status of each."""


class PolicyMissing(Exception):
    """The origin has no retention policy."""


class PolicyGone(Exception):
    """The policy was withdrawn or replaced while it was applied."""


class PolicyInvalid(Exception):
    """A retention policy that would remove what must stay, or says nothing."""


STATUS: dict[type[Exception], int] = {
    PolicyMissing: 404,
    PolicyGone: 409,
    PolicyInvalid: 422,
}
