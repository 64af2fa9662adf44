"""The API, for tests that look at what readers see."""

from tests.api.conftest import depot

__all__ = ["depot"]
