"""Errors of the packages domain and their statuses. The texts are those of packages.md 5-8 and 10."""

from chalicelib.core.explained import Explained
from chalicelib.core.ident import PackageIdent


class ReleaseExists(Exception):
    """The depot already has the package."""


class IdentInvalid(Explained):
    """The ident is invalid or cannot be stored."""


class ArchiveRefused(Explained):
    """A check of the upload failed. Clients print the text.

    Metrics count refusals by `kind`.
    """

    def __init__(self, text: str, kind: str = "ArchiveRefused") -> None:
        super().__init__(text)
        self.kind = kind


class CycleClosed(Exception):
    """The dependencies of the package would close a cycle in the build graph. hab then skips it without failing."""


class TargetUnsupported(Exception):
    """The archive's target is not enabled here. hab then skips the package without failing."""


class TargetNotServed(Explained):
    """The target is valid, but not enabled here (packages.md 5.7)."""

    def __init__(self, target: str) -> None:
        super().__init__(f"Invalid package target '{target}'")


class LicenseNeeded(Explained):
    """The package can only be downloaded with a licence, which the caller does not have (packages.md 5.7)."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class VisibilityRefused(Explained):
    """The visibility does not exist, or clients may not set it."""


class DeletionRefused(Explained):
    """The package is in `stable`, or other packages depend on its name."""

    @classmethod
    def in_stable(cls, ident: PackageIdent) -> "DeletionRefused":
        """Return the error for a package in `stable`."""
        return cls(f"Deleting package in stable channel not allowed '{ident}'")

    @classmethod
    def needed(cls, ident: PackageIdent) -> "DeletionRefused":
        """Return the error for a package whose name other packages depend on."""
        return cls(f"Deleting package with rdeps not allowed '{ident}'")


class SettingsMissing(Exception):
    """The name has no settings."""


class SettingsExist(Exception):
    """The name already has settings."""


class SettingsNeeded(Explained):
    """The settings of a name cannot be deleted while it has packages."""


class VisibilityMissing(Explained):
    """The request does not name a visibility."""


class SettingsVisibilityUnknown(Exception):
    """The request names a visibility that does not exist."""


class GraphMissing(Exception):
    """There is no build graph for the target, because packages are not built for it."""


class GraphTargetInvalid(Exception):
    """The target of a request for the build graph is not one of the seven targets."""


class SearchUndecodable(Explained):
    """The search term is not UTF-8."""


STATUS: dict[type[Exception], int] = {
    ReleaseExists: 409,
    IdentInvalid: 422,
    ArchiveRefused: 422,
    CycleClosed: 424,
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
    GraphMissing: 404,
    GraphTargetInvalid: 400,
    SearchUndecodable: 422,
}
