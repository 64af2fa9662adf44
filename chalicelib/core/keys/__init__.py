"""Key files, and texts that are encrypted with keys. Pure."""
