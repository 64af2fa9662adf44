"""Search for names by words. Pure."""
