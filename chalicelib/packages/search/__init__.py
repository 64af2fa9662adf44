"""Search for packages by the words of origin and name (packages.md section 6)."""
