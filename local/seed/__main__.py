"""`make seed PACKAGES=10000`: a depot with so many generated packages, for load and for looking around.

With AWS_ENDPOINT_URL that engine is filled, and nobody else may write to it meanwhile; without, the whole service is
started as `make run` does, filled, and served until Ctrl-C.
"""

import argparse
import os
import signal
import sys
import time

from local.parent import end_with_parent
from local.supervisor import ENDPOINTS, FAKE_ACCOUNT, StartFailed, Supervisor, say

OWNER = "demo"


def main() -> int:
    """Fill, and without an engine of somebody else's also serve."""
    parser = argparse.ArgumentParser(prog="python -m local.seed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packages", type=int, default=10_000, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=2025, help="another seed gives other targets and channels")
    asked = parser.parse_args()
    if any(os.environ.get(name) for name in ENDPOINTS):
        for name, value in FAKE_ACCOUNT.items():
            os.environ.setdefault(name, value)
        return _fill(asked.packages, asked.seed)
    if "MAKELEVEL" in os.environ:  # make cannot pass on a kill -9
        end_with_parent()
    for told in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, signal.default_int_handler)  # ends as Ctrl-C does, children and all
    supervisor = Supervisor(dict(os.environ))
    try:
        supervisor.start()
        return _fill(asked.packages, asked.seed) or supervisor.watch()
    except KeyboardInterrupt:
        return 0
    except StartFailed as problem:
        say(str(problem))
        return problem.status
    finally:
        supervisor.stop()


def _fill(packages: int, seed: int) -> int:
    # settings and clients read the environment when they are imported
    from chalicelib.origins.errors import OriginTaken
    from local.resources import create_resources
    from local.seed.releases import SeedPlan
    from local.seed.writer import write

    create_resources()
    started = time.monotonic()
    try:
        rows = write(SeedPlan(packages, seed), OWNER)
    except OriginTaken:
        say("this depot is filled already: its origins exist")
        return 1
    say(f"{packages} packages, {rows} rows, {time.monotonic() - started:.0f} s; they belong to {OWNER!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
