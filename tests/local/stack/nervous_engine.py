"""The engine with threads that interrupt one another all the time, so that what is not atomic shows."""

import sys

from local.engine import main

if __name__ == "__main__":
    sys.setswitchinterval(1e-6)
    main()
