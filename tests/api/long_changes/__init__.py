"""Tests of /long-changes."""
