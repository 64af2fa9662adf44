"""The template of a packaged project, for all tests of the deployment."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def packaged(built: Path) -> dict[str, Any]:
    """The template of a packaged project after AWS's transform."""
    template: dict[str, Any] = json.loads((built / "cloudformation.json").read_text())
    return template
