"""Deprecations: messages for users of a name, a version or a release. An addition to the contract."""
