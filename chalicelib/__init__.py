"""The deployed service: docs/ARCHITECTURE.md says what each folder holds and what it may import."""
