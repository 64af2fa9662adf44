"""Data of the real client that may lie beside the repository; no test needs it, some run over it as well."""

from pathlib import Path

REFERENCE = Path(__file__).parents[2].parent / "shared" / "data"
