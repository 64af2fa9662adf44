"""Whether the service is up (platform.md 1.9)."""
