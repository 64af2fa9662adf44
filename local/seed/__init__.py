"""`make seed`: fill an engine with generated packages."""
