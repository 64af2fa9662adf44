"""Rows that packages, channels and origins share, and the steps that change them together (packages.md 2)."""
