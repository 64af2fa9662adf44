"""Retention policies of origins: which packages to remove, and their removal. An addition to the contract."""
