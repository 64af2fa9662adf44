"""Resumable uploads: archives of any size, sent in parts straight to the object store (platform.md 4.4, U8)."""
