"""The `bldr` command line, a client of the Builder API (docs/CLI.md). It is not part of a deployment."""

__version__ = "0.1.0"
