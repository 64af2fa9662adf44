"""Refusals of sets, and the status of each."""


class SetRefused(Exception):
    """A set of packages that makes no sense, or is too large to be moved all or nothing."""


STATUS: dict[type[Exception], int] = {
    SetRefused: 422,
}
