"""Promote or demote everything in a channel (packages.md 9.9)."""
