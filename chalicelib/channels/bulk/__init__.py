"""Bulk changes: promote or demote all packages of a channel (packages.md 9.9)."""
