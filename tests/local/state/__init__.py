"""Tests of the state folder of the local stack."""
