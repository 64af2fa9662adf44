"""Jobs and their logs over HTTP (builds.md sections 2.7 and 3)."""
