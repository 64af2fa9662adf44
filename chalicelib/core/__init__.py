"""Pure rules of the field: idents, versions, targets, archives, keys, tokens, roles. Without HTTP, AWS and files."""
