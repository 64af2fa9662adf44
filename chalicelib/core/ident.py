"""Idents of packages: their four parts, names and archive names (packages.md sections 1.4, 2 and 12)."""

import re
from dataclasses import dataclass

ORIGIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII)
PACKAGE_NAME = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
ORIGIN_NAME_LIMIT = 255
STORABLE_BYTES = 600


class IdentMalformed(ValueError):
    """The text is not four parts joined by slashes."""


@dataclass(frozen=True, slots=True)
class PackageIdent:
    """A full ident; as text `origin/name/version/release`."""

    origin: str
    name: str
    version: str
    release: str

    @classmethod
    def parse(cls, text: str) -> "PackageIdent":
        """Exactly four parts, none empty. Raises IdentMalformed."""
        parts = text.split("/")
        if len(parts) != 4 or not all(parts):
            raise IdentMalformed(text)
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.origin}/{self.name}/{self.version}/{self.release}"

    def as_json(self) -> dict[str, str]:
        """The object that clients read."""
        return {"origin": self.origin, "name": self.name, "version": self.version, "release": self.release}

    def archive_name(self, target: str) -> str:
        """The file name of its archive for a target."""
        return f"{self.origin}-{self.name}-{self.version}-{self.release}-{target}.hart"


def is_origin_name(text: str) -> bool:
    """A name that an origin may have (accounts.md 8.4)."""
    return len(text) <= ORIGIN_NAME_LIMIT and ORIGIN_NAME.fullmatch(text) is not None


def is_package_name(text: str) -> bool:
    """A name that a package may have (packages.md section 2)."""
    return PACKAGE_NAME.fullmatch(text) is not None


def is_storable(ident: PackageIdent) -> bool:
    """True if object keys and sort keys can hold the ident: no empty or unprintable part, 600 bytes in all."""
    text = str(ident)
    parts = (ident.origin, ident.name, ident.version, ident.release)
    if not all(parts) or any("/" in part for part in parts):
        return False
    if any(character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff" for character in text):
        return False
    return len(text.encode()) <= STORABLE_BYTES
