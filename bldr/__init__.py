"""The `bldr` command line: a client of the Builder API like any other; never deployed (docs/CLI.md)."""

__version__ = "0.1.0"
