"""Other people's services: registries, GitHub and the notices that it sends (platform.md 2.1, 2.2, 2.6)."""
