"""Services of others: container registries, repositories at GitHub, and its webhook (platform.md 2.1, 2.2, 2.6)."""
