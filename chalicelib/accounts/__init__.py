"""Accounts: who somebody is, how they sign in, and their tokens (accounts.md sections 2-5, 8.1-8.3)."""
