"""The worker program: it claims jobs from a Builder, builds their packages and publishes them (builds.md 9)."""
