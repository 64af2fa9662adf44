"""Former home of chalicelib.core.deferred."""

from chalicelib.core.deferred import deferred, load_deferred

__all__ = ["deferred", "load_deferred"]
