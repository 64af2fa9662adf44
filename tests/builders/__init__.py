"""Builders: functions that create what a test needs, in one line each."""
