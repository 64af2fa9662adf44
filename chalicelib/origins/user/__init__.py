"""The origins of the signed-in user (accounts.md 8.3)."""
