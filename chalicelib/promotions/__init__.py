"""Promotion and demotion of sets of packages, all or nothing. An addition to the contract."""
