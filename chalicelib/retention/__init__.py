"""Retention policies of origins, and what they remove. Our own addition."""
