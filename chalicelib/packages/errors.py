"""Refusals of the packages domain, and the status of each; texts are the contract's (packages.md 7 and 8)."""

from chalicelib.core.ident import PackageIdent


class ReleaseExists(Exception):
    """The depot has this ident for the target."""


class IdentInvalid(Exception):
    """The path names no package that could be stored."""


class ArchiveRefused(Exception):
    """An upload check failed; the text is what clients print."""


class TargetUnsupported(Exception):
    """The archive's target is not enabled here; hab skips it without failing."""


class TargetNotServed(Exception):
    """A download for a target that is known but not enabled here (packages.md 5.7)."""

    def __init__(self, target: str) -> None:
        super().__init__(f"Invalid package target '{target}'")


class LicenseNeeded(Exception):
    """The package is for licence holders, and the caller is none (packages.md 5.7)."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class VisibilityRefused(Exception):
    """A visibility that does not exist, or that may not be set by hand."""


class DeletionRefused(Exception):
    """The package is in `stable`, or others depend on it."""

    @classmethod
    def in_stable(cls, ident: PackageIdent) -> "DeletionRefused":
        """It is in the stable channel."""
        return cls(f"Deleting package in stable channel not allowed '{ident}'")

    @classmethod
    def needed(cls, ident: PackageIdent) -> "DeletionRefused":
        """Something depends on some release of it."""
        return cls(f"Deleting package with rdeps not allowed '{ident}'")


class SettingsMissing(Exception):
    """There are no settings for that name."""


class SettingsExist(Exception):
    """There are settings for that name."""


class SettingsNeeded(Exception):
    """Settings of a name that still has packages cannot go."""


class VisibilityMissing(Exception):
    """A settings change without a visibility."""


class SettingsVisibilityUnknown(Exception):
    """A settings change to a visibility that does not exist."""


class SearchUndecodable(Exception):
    """A search term that is not UTF-8."""


STATUS: dict[type[Exception], int] = {
    ReleaseExists: 409,
    IdentInvalid: 422,
    ArchiveRefused: 422,
    TargetUnsupported: 501,
    TargetNotServed: 422,
    LicenseNeeded: 403,
    VisibilityRefused: 422,
    DeletionRefused: 422,
    SettingsMissing: 404,
    SettingsExist: 409,
    SettingsNeeded: 409,
    VisibilityMissing: 422,
    SettingsVisibilityUnknown: 400,
    SearchUndecodable: 422,
}
