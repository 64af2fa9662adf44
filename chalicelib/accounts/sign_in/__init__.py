"""Sign-in through a provider (accounts.md section 5, 8.1)."""
