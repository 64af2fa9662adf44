"""Errors for archives that the depot refuses, with messages for clients (packages.md section 7, checks 4, 5, 6, 13)."""


class HartRefused(Exception):
    """The depot does not accept an archive; `str()` is one printable line, which clients show."""

    prefix = ""

    def __init__(self, reason: str) -> None:
        super().__init__(self.prefix + one_line(reason, 300))


class HartUnreadable(HartRefused):
    """Check 4: the header, the compression, the tar or a metafile is damaged or exceeds the limits."""

    prefix = "ds:up:0, err="


class PackageTypeUnknown(HartRefused):
    """Check 5: PACKAGE_TYPE is neither `standard` nor `native`."""

    prefix = "ds:up:0, err="


class TargetRefused(HartRefused):
    """Check 6: TARGET is missing or not one of the seven targets."""

    prefix = "ds:up:1, err="


class MetadataInvalid(HartRefused):
    """Check 13: a metafile is missing or has an invalid value."""

    @classmethod
    def missing(cls, metafile: str) -> "MetadataInvalid":
        """Return the error for a missing metafile."""
        return cls(f"{metafile} is missing")

    @classmethod
    def too_long(cls, metafile: str, limit: int) -> "MetadataInvalid":
        """Return the error for a metafile with too many entries."""
        return cls(f"{metafile} is too long: it may have {limit} entries at most")

    @classmethod
    def invalid(cls, metafile: str, value: str, expected: str) -> "MetadataInvalid":
        """Return the error for an invalid value in a metafile."""
        return cls(f"{metafile} contains '{one_line(value, 80)}', which is not a {expected}")


def one_line(text: str, length: int) -> str:
    """Return the beginning of a text with everything unprintable escaped.

    Archives are hostile input: their texts must neither forge lines in logs nor control terminals.
    """
    shown = text if len(text) <= length else f"{text[:length]}..."
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in shown
    )
