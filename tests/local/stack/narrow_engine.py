"""The engine with as many threads and as much patience as the environment says."""

import os

from local import engine

if __name__ == "__main__":
    engine.THREADS = int(os.environ["PROBE_THREADS"])
    engine.SILENCE_SECONDS = float(os.environ.get("PROBE_SECONDS") or engine.SILENCE_SECONDS)
    engine.main()
