"""Errors of job groups, and their statuses."""

from chalicelib.core.explained import Explained


class TargetNotBuilt(Exception):
    """The target is unknown, or packages are not built for it (builds.md 6.1, 2)."""


class NativeNotBuilt(Explained):
    """The package is a native one."""


class NotBuiltAutomatically(Exception):
    """There is no project with automatic builds, and the request does not come from a person (builds.md 6.1, 4)."""


class GroupUnfinished(Explained):
    """The group has not ended, so it cannot be rebuilt."""


class GroupQueued(Explained):
    """Another group of the same package and target is queued already."""


class IdentsMalformed(Explained):
    """The packages to rebuild are not named by idents."""


STATUS: dict[type[Exception], int] = {
    TargetNotBuilt: 400,
    NativeNotBuilt: 422,
    NotBuiltAutomatically: 404,
    GroupUnfinished: 409,
    GroupQueued: 409,
    IdentsMalformed: 400,
}
