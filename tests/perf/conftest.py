"""The measured API is the one that the API tests use."""

from tests.api.conftest import depot

__all__ = ["depot"]
