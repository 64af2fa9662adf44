"""Unlisting: a release disappears from lists but can still be downloaded. Our own addition."""
