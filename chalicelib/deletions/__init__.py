"""Deletion of a package that others depend on, after a warning. An addition to the contract."""
