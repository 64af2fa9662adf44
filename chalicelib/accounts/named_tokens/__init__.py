"""Named tokens: several per account, each with scopes. An addition to the contract."""
