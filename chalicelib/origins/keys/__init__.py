"""Origin keys (accounts.md 8.5)."""
