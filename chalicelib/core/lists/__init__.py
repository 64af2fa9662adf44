"""Counted lists in blocks, and the changes that they include. Pure."""
