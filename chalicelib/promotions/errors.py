"""Errors of package sets, and their statuses."""


class SetRefused(Exception):
    """The set is empty, contradicts itself, or is too large for one transaction."""


STATUS: dict[type[Exception], int] = {
    SetRefused: 422,
}
