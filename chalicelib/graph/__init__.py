"""The build graph: which names need which, by the latest releases (builds.md 8.1). Deletions never change it."""
