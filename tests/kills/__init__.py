"""Kills of the build service: job groups must end rightly whatever dies, at any moment.

`make kill-builds` runs a local stack with three workers of different kinds and kills its processes at KILLS seeded
moments. `test_kills.py` is the short form.
"""
