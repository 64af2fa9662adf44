"""Errors of package sets, and their statuses."""

from chalicelib.core.explained import Explained


class SetRefused(Explained):
    """The set is empty, contradicts itself, or is too large for one transaction."""


STATUS: dict[type[Exception], int] = {
    SetRefused: 422,
}
