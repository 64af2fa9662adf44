"""The optional folder with files of the real client. No test needs them; some tests also cover them if they exist."""

from pathlib import Path

REFERENCE = Path(__file__).parents[2].parent / "shared" / "data"
