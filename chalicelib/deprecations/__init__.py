"""Deprecations: messages for users of a name, a version or a release. Our own addition."""
