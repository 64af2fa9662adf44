"""Reverse dependencies of names over HTTP (builds.md 7)."""
