"""Pure cores: the rules of the field, without HTTP, AWS or files (design.md law 2)."""
