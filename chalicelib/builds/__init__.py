"""The build service: job groups, jobs, logs and workers (builds.md)."""
