"""`make seed`: fill a depot with generated packages."""
