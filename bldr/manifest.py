"""`manifest.json` of a mirror folder: which packages lie in it, and in which channels they belong. Pure."""

import json
from dataclasses import dataclass
from typing import Any

from bldr import answers
from bldr.errors import AnswerMalformed, PathUnusable
from bldr.packages import Described, Package
from chalicelib.core.ident import IdentMalformed, PackageIdent

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """The packages of a folder, each once."""

    packages: tuple[Described, ...] = ()

    @classmethod
    def parse(cls, text: str, named: str) -> "Manifest":
        """Read what `text` gives. Raises PathUnusable with the file's name."""
        try:
            found = json.loads(text)
            if found["format"] != FORMAT:
                raise PathUnusable(f"{named} has format {found['format']}; this program reads format {FORMAT}")
            return cls(tuple(map(_described, found["packages"])))
        except (ValueError, KeyError, TypeError, AttributeError, AnswerMalformed):
            raise PathUnusable(f"{named} is no manifest of a mirror; was it copied as a whole?") from None

    @property
    def text(self) -> str:
        """The file's text; the same packages always give the same."""
        listed = sorted(self.packages, key=lambda each: str(each.package))
        return json.dumps({"format": FORMAT, "packages": list(map(_shown, listed))}, indent=1) + "\n"


def _shown(described: Described) -> dict[str, Any]:
    package = described.package
    return {
        "ident": str(package.ident),
        "target": str(package.target),
        "file": f"harts/{package.archive_name}",
        "checksum": described.checksum,
        "channels": sorted(described.channels),
        "tdeps": [str(ident) for ident in described.tdeps],
    }


def _described(row: Any) -> Described:
    return Described(
        Package(_ident(row["ident"]), answers.target(row["target"])),
        answers.checksum(row["checksum"]),
        tuple(map(_ident, row["tdeps"])),
        frozenset(map(answers.text, row["channels"])),
    )


def _ident(text: Any) -> PackageIdent:
    try:
        return answers.ident(PackageIdent.parse(answers.text(text)).as_json())
    except IdentMalformed:
        raise AnswerMalformed("no ident") from None
