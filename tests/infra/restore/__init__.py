"""Tests of infra/restore."""
