"""Enforcement of the deployed policies in tests: every call to AWS needs a right of the function that makes it."""
