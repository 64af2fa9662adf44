"""Facts about one package, for its operators. An addition to the contract."""
