"""Identity: credentials, sessions, roles, and what a caller may see (accounts.md sections 2, 3 and 6)."""
