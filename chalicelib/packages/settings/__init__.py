"""Package settings: the visibility of a name's next upload (packages.md section 10)."""
