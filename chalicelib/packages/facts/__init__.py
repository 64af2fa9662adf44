"""Facts about one package, for its operators. Our own addition."""
