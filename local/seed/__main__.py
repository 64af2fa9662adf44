"""`python -m local.seed --packages N`: fill a depot with generated packages, for load tests and demonstrations.

With AWS_ENDPOINT_URL, that engine is filled; nothing else may write to it in the meantime. Otherwise the whole service
is started as by `make run`, filled, and served until Ctrl-C.
"""

import argparse
import os
import signal
import sys
import time

from local.endpoints import needs_engine
from local.parent import end_with_parent
from local.settings import SettingInvalid, check_endpoints
from local.supervisor import FAKE_ACCOUNT, INVALID_SETTING, StartFailed, Supervisor, print_message

OWNER = "demo"


def main() -> int:
    """Fill a depot, and serve it unless AWS_ENDPOINT_URL is set. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.seed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packages", type=int, default=10_000, help="number of packages (default %(default)s)")
    parser.add_argument("--seed", type=int, default=2025, help="random seed for targets, channels and visibility")
    options = parser.parse_args()
    try:
        check_endpoints(os.environ)
    except SettingInvalid as problem:
        print_message(str(problem))
        return INVALID_SETTING
    if not needs_engine(os.environ):
        os.environ.pop("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", None)
        for name, value in FAKE_ACCOUNT.items():
            os.environ.setdefault(name, value)
        return _fill(options.packages, options.seed)
    if "MAKELEVEL" in os.environ:  # make does not pass on SIGKILL, so this process has to watch its parent
        end_with_parent()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # KeyboardInterrupt, as after Ctrl-C
    supervisor = Supervisor(dict(os.environ))
    try:
        supervisor.start()
        return _fill(options.packages, options.seed) or supervisor.watch()
    except KeyboardInterrupt:
        return 0
    except StartFailed as problem:
        print_message(str(problem))
        return problem.status
    finally:
        supervisor.stop()


def _fill(packages: int, seed: int) -> int:
    # chalicelib reads the environment when it is imported, and `main` or the supervisor has completed it only now.
    from chalicelib.origins.errors import OriginTaken
    from local.resources import create_resources
    from local.seed import bulk_writer
    from local.seed.releases import GeneratedDepot

    create_resources()
    started = time.monotonic()
    try:
        rows = bulk_writer.write(GeneratedDepot(packages, seed), OWNER)
    except OriginTaken:
        print_message("the depot was not filled: it already has the origins of the seed")
        return 1
    print_message(f"{packages} packages, {rows} rows, {time.monotonic() - started:.0f} s; their owner is {OWNER!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
