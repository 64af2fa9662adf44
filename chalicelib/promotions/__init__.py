"""Promotion and demotion of sets of packages, all or nothing. Our own addition."""
