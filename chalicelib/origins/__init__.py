"""Origins and what belongs to them (accounts.md 8.3-8.9 and sections 7 and 9)."""
