"""Members of an origin and their roles (accounts.md 8.4, 8.6)."""
