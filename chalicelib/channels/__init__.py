"""Channels: named sets of packages within an origin, and who is newest in each (packages.md section 9)."""
