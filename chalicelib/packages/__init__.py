"""Packages: upload, reads, download, search, deletion, visibility and settings (packages.md sections 2-8 and 10)."""
