"""What happened: audit rows, and the events that clients read (accounts.md 9, packages.md 11)."""
