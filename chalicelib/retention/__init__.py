"""Retention policies of origins: which packages to remove, and their removal. Our own addition."""
