"""Bulk changes: promote or demote all packages of a channel at once (packages.md 9.9)."""
