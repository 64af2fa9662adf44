"""Facts about one package, for operators. Our own addition."""
