"""Job groups: their creation, reads, cancellation and promotion."""
