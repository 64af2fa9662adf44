"""Kills of the depot: lists, totals and answers must be right whatever dies or pauses while many clients write.

`make kill-depot` runs a local stack with 64 writers, and kills and pauses its processes at random moments.
`../test_depot_kills.py` is the short form.
"""
