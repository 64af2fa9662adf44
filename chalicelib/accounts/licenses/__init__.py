"""Licence keys of accounts (accounts.md 8.2)."""
