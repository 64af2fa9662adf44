"""Package idents and the names in them (packages.md section 2)."""

import re

from msgspec import Struct

from chalicelib.core.target import Target

ORIGIN_NAME_CHARACTERS = 255
STORABLE_BYTES = 450
"""Artifact keys hold the ident twice, with about 120 bytes around; the object store's keys end at 1,024 bytes."""

# Compiled at their first use, which `re` remembers: reads do not need them, and every cold start would pay for them.
_ORIGIN_NAME = r"[a-z0-9][a-z0-9_-]*"
_PACKAGE_NAME = r"[A-Za-z0-9_-]+"
_UNSTORABLE = r"[\x00-\x1f\x7f\ud800-\udfff]"


class IdentMalformed(ValueError):
    """The text is not `origin/name/version/release` with four non-empty parts."""


class PackageIdent(Struct, frozen=True):
    """One release of a package; `str()` is `origin/name/version/release`. The target is not part of it."""

    origin: str
    name: str
    version: str
    release: str

    @classmethod
    def parse(cls, text: str) -> "PackageIdent":
        """Exactly four non-empty parts; partial idents are refused. Raises IdentMalformed."""
        parts = text.split("/", 4)
        if len(parts) != 4 or not all(parts):
            raise IdentMalformed(text)
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.origin}/{self.name}/{self.version}/{self.release}"

    def as_json(self) -> dict[str, str]:
        """The ident as answers show it (packages.md 1.4)."""
        return {"origin": self.origin, "name": self.name, "version": self.version, "release": self.release}

    def archive_name(self, target: Target) -> str:
        """The archive's file name, which is the value of `X-Filename`."""
        return f"{self.origin}-{self.name}-{self.version}-{self.release}-{target}.hart"


def is_origin_name(text: str) -> bool:
    """Lower case letters, digits, `_` and `-`, the first one a letter or digit; at most 255."""
    return len(text) <= ORIGIN_NAME_CHARACTERS and re.fullmatch(_ORIGIN_NAME, text) is not None


def is_package_name(text: str) -> bool:
    """ASCII letters, digits, `_` and `-`; at least one."""
    return re.fullmatch(_PACKAGE_NAME, text) is not None


def is_storable(ident: PackageIdent) -> bool:
    """True if table and object keys can hold the ident; versions and releases are free text otherwise (packages.md 2).

    No part is empty or holds a slash, a control character or a lone surrogate, and all parts fit STORABLE_BYTES.
    """
    parts = (ident.origin, ident.name, ident.version, ident.release)
    if any(not part or "/" in part or re.search(_UNSTORABLE, part) for part in parts):
        return False
    return sum(len(part.encode()) for part in parts) <= STORABLE_BYTES
