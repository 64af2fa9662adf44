"""Pure values and rules: idents, versions, targets, archives, keys, tokens, roles. No HTTP, AWS or file access."""
