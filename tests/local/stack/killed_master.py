"""An application that kills gunicorn's master while its worker starts, and writes the worker's id to PROBE_PID."""

import os
import signal
import time
from pathlib import Path
from typing import Any


def front() -> Any:
    """Return an application after the master has ended."""
    master = os.getppid()
    Path(os.environ["PROBE_PID"]).write_text(str(os.getpid()))
    os.kill(master, signal.SIGKILL)
    while os.getppid() == master:
        time.sleep(0.01)
    return _application


async def _application(*_message: Any) -> None:
    """Answer nothing: no request arrives."""
