"""Accounts: sign-in, profiles, tokens and licences (accounts.md sections 2-5, 8.1-8.3)."""
