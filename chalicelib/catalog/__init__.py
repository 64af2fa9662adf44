"""The rows of origins, packages and channels, and the steps that change them together (packages.md section 2)."""
