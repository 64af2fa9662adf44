"""Reading .hart archives. Pure."""
