"""Work that runs on a schedule: the sweep and retention."""
