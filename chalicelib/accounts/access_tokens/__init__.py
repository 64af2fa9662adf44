"""The personal access token of an account (accounts.md 3.2, 8.2)."""
