"""The feed of promotions and demotions that clients read (packages.md 11)."""
