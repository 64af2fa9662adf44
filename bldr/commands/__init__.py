"""The subcommands: their options, their steps and their output."""
