"""Repositories at GitHub, read with the rights of our App where it is installed (platform.md 2.1, builds.md 9.7)."""
