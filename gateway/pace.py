"""How long a client may take to send a body: slow clients are served, but not without end."""

from gateway.config import Config

SLOWEST_BYTES_PER_SECOND = 32 * 1024


class Pace:
    """The seconds that a body may take: a grace period, and more for every byte that arrives."""

    def __init__(self, limits: Config) -> None:
        self.allowed_seconds = limits.silence_seconds

    def received(self, size: int) -> None:
        """Allow more time for received bytes."""
        self.allowed_seconds += size / SLOWEST_BYTES_PER_SECOND
