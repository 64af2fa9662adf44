"""The kills and pauses of a run, at random moments."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from tests.kills.depot.depot import Journal
from tests.kills.processes import KilledStack

LONGEST_PAUSE = 4.0


class Interruptions(threading.Thread):
    """Kills and pauses processes of a stack, on average one every `seconds`, until it is stopped."""

    def __init__(self, stack: KilledStack, choice: random.Random, seconds: float, most: int, journal: Journal) -> None:
        super().__init__(name="interruptions", daemon=True)
        self._journal = journal
        self._stack, self._choice, self._seconds, self._most = stack, choice, seconds, most
        self._ending = threading.Event()
        self.made: Counter[str] = Counter()

    def run(self) -> None:
        """Interrupt processes until the end."""
        kinds: dict[str, tuple[Callable[[], None], int]] = {
            "an API worker": (lambda: self._stack.kill_one("API", self._choice), 9),
            "all API workers": (lambda: self._stack.kill_server("API", master=False), 4),
            "API and its master": (lambda: self._stack.kill_server("API", master=True), 2),
            "functions": (lambda: self._stack.kill_server("functions", master=False), 3),
            "supervisor": (self._stack.kill_supervisor, 1),
            "pause of an API worker": (self._pause, 6),
            "pause, then kill": (self._pause_and_kill, 2),
        }
        while self.made.total() < self._most and not self._ending.wait(self._choice.expovariate(1 / self._seconds)):
            [what] = self._choice.choices([*kinds], [weight for _, weight in kinds.values()])
            self._journal.write(f"begins: {what}")
            kinds[what][0]()
            self._journal.write(f"made: {what}")
            self.made[what] += 1

    def stop(self) -> None:
        """Stop, and wait until all processes run again."""
        self._ending.set()
        self.join()

    def stall(self) -> threading.Thread:
        """Pause an API worker from now on, in a thread that ends with the pause."""

        def pause() -> None:
            self._pause()
            self.made["pause before an end"] += 1

        thread = threading.Thread(target=pause, daemon=True)
        thread.start()
        return thread

    def _pause(self) -> None:
        with self._stack.paused("API", self._choice):
            self._journal.write("a worker is paused")
            time.sleep(self._choice.uniform(0.5, LONGEST_PAUSE))
        self._journal.write("the worker continues")

    def _pause_and_kill(self) -> None:
        with self._stack.paused("API", self._choice):
            time.sleep(self._choice.uniform(0.5, LONGEST_PAUSE))
            self._stack.kill_server("API", master=False)
