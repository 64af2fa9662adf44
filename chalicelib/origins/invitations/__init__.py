"""Invitations to an origin (accounts.md 8.7)."""
