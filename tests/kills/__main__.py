"""`python -m tests.kills --kills 200 --seed 1`: kill the processes of a local stack while it builds job groups."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.kills.run import run


def main() -> int:
    """Run, print what was found, and return 1 if a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--projects", type=int, default=30)
    parser.add_argument("--kills-per-group", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="an empty folder, which is kept; default: a temporary one")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="bldr-kills-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        kills, seed, projects = options.kills, options.seed, options.projects
        report = run(folder, kills, seed, projects, options.kills_per_group, lambda line: print(line, flush=True))
    print("\n".join(report.lines()))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
