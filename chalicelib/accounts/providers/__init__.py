"""Where users sign in: one way of asking, and a table of the providers it is asked of (accounts.md section 5)."""
