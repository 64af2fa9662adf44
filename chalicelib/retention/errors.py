"""Errors of retention policies, and their statuses."""

from chalicelib.core.explained import Explained


class PolicyMissing(Exception):
    """The origin has no retention policy."""


class PolicyGone(Exception):
    """The policy was deleted or replaced while it was being applied."""


class PolicyInvalid(Explained):
    """A value of the retention policy is out of range, or the policy names a channel that is never cleaned."""


STATUS: dict[type[Exception], int] = {
    PolicyMissing: 404,
    PolicyGone: 409,
    PolicyInvalid: 422,
}
