"""Builds the archive that all functions run, and the templates that deploy it (infra/README.md, "The archive")."""
