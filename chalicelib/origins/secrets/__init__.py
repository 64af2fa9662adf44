"""Origin secrets (accounts.md 8.8)."""
