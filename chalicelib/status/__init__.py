"""The status of the service (platform.md 1.9)."""
