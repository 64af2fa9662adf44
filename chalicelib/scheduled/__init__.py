"""Functions that run on a schedule: the sweep, and the application of retention policies."""
