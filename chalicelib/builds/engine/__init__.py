"""The changes of groups, entries and jobs. Each may be interrupted anywhere and repeated (builds.md 8.2 to 8.6)."""
