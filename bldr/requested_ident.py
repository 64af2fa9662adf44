"""Package idents as users write them: fully qualified, or without release or version."""

from msgspec import Struct

from bldr.errors import IdentInvalid
from bldr.packages import is_valid_ident
from chalicelib.core.ident import PackageIdent, is_origin_name, is_package_name


class RequestedIdent(Struct, frozen=True):
    """`origin/name[/version[/release]]`: one release if fully qualified, else the latest release that matches."""

    origin: str
    name: str
    version: str | None = None
    release: str | None = None

    @classmethod
    def parse(cls, text: str) -> "RequestedIdent":
        """Parse an ident with two to four parts. Raises IdentInvalid."""
        parts = text.split("/")
        is_valid = 2 <= len(parts) <= 4 and all(parts) and is_origin_name(parts[0]) and is_package_name(parts[1])
        if not is_valid:
            raise IdentInvalid(
                f"'{text}' is not a package ident; write origin/name, origin/name/version or the full ident"
            )
        return cls(*parts)

    @classmethod
    def of(cls, ident: PackageIdent) -> "RequestedIdent":
        """Return the request for exactly one release."""
        return cls(ident.origin, ident.name, ident.version, ident.release)

    def __str__(self) -> str:
        return "/".join(filter(None, (self.origin, self.name, self.version, self.release)))

    @property
    def full(self) -> PackageIdent | None:
        """The ident of the release if the request is fully qualified, else None."""
        if self.version is None or self.release is None:
            return None
        return PackageIdent(self.origin, self.name, self.version, self.release)

    def matches(self, ident: PackageIdent) -> bool:
        """Return whether a release matches."""
        return (
            (ident.origin, ident.name) == (self.origin, self.name)
            and self.version in (None, ident.version)
            and self.release in (None, ident.release)
        )


def full_ident(text: str, command: str) -> PackageIdent:
    """Parse a fully qualified ident. Raises IdentInvalid, which names the command that requires it."""
    ident = RequestedIdent.parse(text).full
    if ident is None or not is_valid_ident(ident):
        raise IdentInvalid(f"'{text}' is not a full ident; {command} takes origin/name/version/release")
    return ident
