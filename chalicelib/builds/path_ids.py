"""Ids of jobs and job groups in paths (builds.md 1.2)."""

from chalicelib.builds.errors import IdMalformed
from chalicelib.core.unsigned import NotUnsigned, unsigned


def parsed_id(text: str) -> int:
    """Return the id in a path: digits of a number of 64 bits, without a sign. Raises IdMalformed."""
    if text.startswith("+"):
        raise IdMalformed
    try:
        return unsigned(text, bits=64)
    except NotUnsigned as problem:
        raise IdMalformed from problem
