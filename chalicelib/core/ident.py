"""Package idents and the names in them (packages.md section 2)."""

import re

from msgspec import Struct

from chalicelib.core.plain_text import is_plain
from chalicelib.core.target import Target

ORIGIN_NAME_CHARACTERS = 255
STORABLE_BYTES = 450
"""An artifact's key contains the ident twice and about 120 other bytes; S3 limits keys to 1,024 bytes."""

# Compiled by `re` on first use: reads do not need these patterns, so the cold start should not compile them.
_ORIGIN_NAME = r"[a-z0-9][a-z0-9_-]*"
_PACKAGE_NAME = r"[A-Za-z0-9_-]+"


class IdentMalformed(ValueError):
    """The text is not `origin/name/version/release` with four non-empty parts."""


class PackageIdent(Struct, frozen=True):
    """One release of a package: `origin/name/version/release`. The target is not part of it."""

    origin: str
    name: str
    version: str
    release: str

    @classmethod
    def parse(cls, text: str) -> "PackageIdent":
        """Return the ident in a text of exactly four non-empty parts. Raises IdentMalformed."""
        parts = text.split("/", 4)
        if len(parts) != 4 or not all(parts):
            raise IdentMalformed(text)
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.origin}/{self.name}/{self.version}/{self.release}"

    def as_json(self) -> dict[str, str]:
        """Return the ident as the JSON object of answers (packages.md 1.4)."""
        return {"origin": self.origin, "name": self.name, "version": self.version, "release": self.release}

    def archive_name(self, target: Target) -> str:
        """Return the file name of the archive, which is the value of `X-Filename`."""
        return f"{self.origin}-{self.name}-{self.version}-{self.release}-{target}.hart"


def is_origin_name(text: str) -> bool:
    """Return whether a text is an origin name.

    At most 255 lower-case letters, digits, `_` and `-`; the first character is a letter or digit.
    """
    return len(text) <= ORIGIN_NAME_CHARACTERS and re.fullmatch(_ORIGIN_NAME, text) is not None


def is_package_name(text: str) -> bool:
    """Return whether a text is a package name: one or more ASCII letters, digits, `_` and `-`."""
    return re.fullmatch(_PACKAGE_NAME, text) is not None


def is_storable(ident: PackageIdent) -> bool:
    """Return whether keys of the table and the object store can contain the ident.

    Versions and releases are free text (packages.md 2), but no part may be empty, contain a slash or be other than
    plain text, and all parts together have at most STORABLE_BYTES.
    """
    parts = (ident.origin, ident.name, ident.version, ident.release)
    if any(not part or "/" in part or not is_plain(part) for part in parts):
        return False
    return sum(len(part.encode()) for part in parts) <= STORABLE_BYTES
