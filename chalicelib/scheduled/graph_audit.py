"""The audit of the build graph."""


def graph_audit(seconds: float) -> None:
    """Compare the build graph with the releases, for `seconds`, and repair it."""
    raise NotImplementedError
