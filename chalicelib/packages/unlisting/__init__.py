"""Unlisting: a release disappears from lists but can still be downloaded. An addition to the contract."""
