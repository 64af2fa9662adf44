"""Channels: named sets of packages within an origin (packages.md 9)."""
