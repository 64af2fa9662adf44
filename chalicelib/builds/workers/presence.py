"""When workers were last seen."""

from chalicelib.core.target import Target


def last_seen(target: Target, origin: str) -> float | None:
    """Return when a worker that builds for a target and an origin was last seen, in seconds of the epoch, or None."""
    raise NotImplementedError
