"""External services: container registries, repositories at GitHub, and GitHub's webhook (platform.md 2.1, 2.2, 2.6)."""
