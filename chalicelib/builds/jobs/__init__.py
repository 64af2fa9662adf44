"""Jobs and their logs."""
