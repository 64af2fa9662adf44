"""Why an archive is refused, worded for clients (packages.md section 7, checks 4, 5, 6 and 13)."""


class HartRefused(Exception):
    """An archive that the depot does not take; `str()` is one printable line, which clients show."""

    prefix = ""

    def __init__(self, reason: str) -> None:
        super().__init__(self.prefix + one_line(reason, 300))


class HartUnreadable(HartRefused):
    """Check 4: header, compression, tar or the text of a metafile is damaged, or beyond the limits."""

    prefix = "ds:up:0, err="


class PackageTypeUnknown(HartRefused):
    """Check 5: PACKAGE_TYPE is neither `standard` nor `native`."""

    prefix = "ds:up:0, err="


class TargetRefused(HartRefused):
    """Check 6: TARGET is missing or none of the seven targets."""

    prefix = "ds:up:1, err="


class MetadataInvalid(HartRefused):
    """Check 13: a metafile is missing, or a value in it is not what it should be."""

    @classmethod
    def missing(cls, metafile: str) -> "MetadataInvalid":
        """The archive has no such metafile."""
        return cls(f"{metafile} is missing")

    @classmethod
    def wrong(cls, metafile: str, value: str, wanted: str) -> "MetadataInvalid":
        """One value of a metafile is wrong."""
        return cls(f"{metafile} holds something that is no {wanted}: '{one_line(value, 80)}'")


def one_line(text: str, length: int) -> str:
    """The beginning of a text, with everything unprintable escaped."""
    # archives are hostile: what they say must not forge lines in logs or control terminals
    shown = text if len(text) <= length else f"{text[:length]}..."
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in shown
    )
