"""`python -m tests.kills.depot --seconds 120 --seed 1`: kill processes of a local stack while many clients write."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.kills.depot.run import Plan, run


def main() -> int:
    """Run, print what was found, and return 1 if a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills.depot", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=Plan.seconds)
    parser.add_argument("--writers", type=int, default=Plan.writers)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--pause", type=float, default=Plan.pause, help="mean seconds between interruptions")
    parser.add_argument("--folder", type=Path, help="an empty folder, which is kept; default: a temporary one")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    plan = Plan(seconds=options.seconds, writers=options.writers, seed=options.seed, pause=options.pause)
    with tempfile.TemporaryDirectory(prefix="bldr-kills-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        report = run(folder, plan, lambda line: print(line, flush=True))
    print("\n".join(report.lines()))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
