"""Loads moto's Step Functions without moto's EC2 and Batch, which take half of the engine's start and 100 MB.

moto imports them for one enumeration, which only tasks of AWS Batch use. Import this module before those that use
moto's Step Functions.
"""

import sys
from enum import Enum
from importlib import import_module
from types import ModuleType

BATCH = "moto.batch"
TASKS_OF_BATCH = "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch"


def load_without_batch() -> None:
    """Import the tasks of AWS Batch with an empty module in the place of moto's Batch."""
    if BATCH in sys.modules or TASKS_OF_BATCH in sys.modules:
        return
    package, utils = ModuleType(BATCH), ModuleType(f"{BATCH}.utils")
    package.__path__ = []
    vars(utils)["JobStatus"] = Enum("JobStatus", ["SUCCEEDED", "FAILED"])
    sys.modules.update({BATCH: package, f"{BATCH}.utils": utils})
    try:
        import_module(TASKS_OF_BATCH)
    finally:
        for name in (BATCH, f"{BATCH}.utils"):
            del sys.modules[name]


load_without_batch()
