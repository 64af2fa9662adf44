"""Origin integrations (accounts.md 8.9)."""
