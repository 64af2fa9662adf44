"""`python -m local`: the whole service on this machine, as `make run` starts it."""

import os
import sys

from local.parent import end_with_parent
from local.supervisor import main

if __name__ == "__main__":
    if "MAKELEVEL" in os.environ:  # started by make, which cannot pass on a kill -9
        end_with_parent()
    sys.exit(main())
