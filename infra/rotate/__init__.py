"""Rotation of the keys of a deployment: the builder key, and the keys that sign download URLs."""
