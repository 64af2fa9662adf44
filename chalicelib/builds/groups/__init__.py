"""Job groups: scheduling, lists, cancel, rebuild, promotion (builds.md 4 and 6)."""
