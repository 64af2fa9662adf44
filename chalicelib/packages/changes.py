"""Alias of `upload.demand_valid_ident` for callers that still import it from here."""

from chalicelib.packages.upload import demand_valid_ident

__all__ = ["demand_valid_ident"]
