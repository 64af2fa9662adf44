"""`python -m local`: run the whole service on this machine (`make run`)."""

import os
import sys

from local.parent import end_with_parent
from local.supervisor import main

if __name__ == "__main__":
    if "MAKELEVEL" in os.environ:  # make does not pass on SIGKILL, so this process has to watch its parent
        end_with_parent()
    sys.exit(main())
