"""Tests of the build service over HTTP."""
