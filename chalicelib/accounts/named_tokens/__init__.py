"""Named tokens: several per account, each with scopes. Our own addition."""
