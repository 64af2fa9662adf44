"""How often an ended process is started again."""

import time
from collections import deque

WINDOW_SECONDS = 60
# A process that exits by itself will probably exit again. Crash tests kill it often, so kills have a higher limit.
AFTER_EXIT, AFTER_KILL = 5, 60
LONGEST_PAUSE_SECONDS = 60.0


class Restarts:
    """The recent ends of one process."""

    def __init__(self) -> None:
        self._ends: deque[float] = deque()

    def __len__(self) -> int:
        return len(self._ends)

    def are_allowed(self, status: int) -> bool:
        """Record that the process ended, and return whether it may be started again."""
        self._record()
        return len(self._ends) <= (AFTER_KILL if status < 0 else AFTER_EXIT)

    def pause(self, status: int) -> float:
        """Record that the process ended, and return the seconds after which it should be started again."""
        self._record()
        return 0.0 if status < 0 else min(LONGEST_PAUSE_SECONDS, 2.0 ** min(len(self._ends), 10) - 1)

    def _record(self) -> None:
        now = time.monotonic()
        while self._ends and now - self._ends[0] > WINDOW_SECONDS:
            self._ends.popleft()
        self._ends.append(now)
