"""The engine with the shortest possible thread switch interval, so that operations which are not atomic fail."""

import sys

from local.engine import main

if __name__ == "__main__":
    sys.setswitchinterval(1e-6)
    main()
