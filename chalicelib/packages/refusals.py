"""Counts refused uploads by their kind (docs/OPERATIONS.md, "Metrics")."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.catalog.errors import OriginMissing
from chalicelib.packages.errors import ArchiveRefused, CycleClosed, IdentInvalid, ReleaseExists, TargetUnsupported
from chalicelib.platform import metrics

REFUSALS = (ArchiveRefused, CycleClosed, IdentInvalid, OriginMissing, ReleaseExists, TargetUnsupported)


@contextmanager
def counted() -> Iterator[None]:
    """Count a refusal that ends the block. The kind is the class of the error or the name of the failed check."""
    try:
        yield
    except REFUSALS as refusal:
        metrics.current().refusal = refusal.kind if isinstance(refusal, ArchiveRefused) else type(refusal).__name__
        raise
