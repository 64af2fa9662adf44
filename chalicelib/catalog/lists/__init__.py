"""Counted lists of an origin: a log of changes, and an index per list."""
