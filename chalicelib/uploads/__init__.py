"""Uploads of archives of any size, in parts that are sent directly to the object store (platform.md 4.4, U8)."""
