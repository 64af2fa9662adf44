"""Origins: their members, keys, secrets and integrations (accounts.md sections 6-9)."""
