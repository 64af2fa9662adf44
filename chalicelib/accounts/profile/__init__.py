"""The profile of an account (accounts.md 8.2)."""
