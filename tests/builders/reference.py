"""Optional data of the real client beside the repository. No test needs it; some tests cover it if it exists."""

from pathlib import Path

REFERENCE = Path(__file__).parents[2].parent / "shared" / "data"
