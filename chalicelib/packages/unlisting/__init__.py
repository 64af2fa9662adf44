"""Unlisting: hide a release from lists but keep it downloadable. Our own addition."""
