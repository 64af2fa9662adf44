"""The error of packaging."""


class PackagingFailed(Exception):
    """A step failed. The text says why, or the tool has printed the cause."""
