"""What a process of the service keeps from one request to the next, so that a recording can be replayed in another."""

from dataclasses import dataclass, field
from typing import Any

from chalicelib.catalog import fences
from chalicelib.catalog.fences import Fence
from chalicelib.core.target import Target
from chalicelib.graph import service as graph
from chalicelib.packages import newest
from chalicelib.packages.newest import Place
from chalicelib.packages.search import cached_index
from chalicelib.platform.clock import now


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """The fences of origins, the names for searches, the build graphs and the newest releases."""

    fences: dict[str, list[Fence]] = field(repr=False)
    names: Any = field(repr=False)
    graphs: dict[Target, Any] = field(repr=False)
    releases: dict[Place, Any] = field(repr=False)

    @classmethod
    def of_this_process(cls) -> "ProcessMemory":
        """Return what this process keeps now."""
        names = cached_index._cache[0].index if cached_index._cache else None
        kept_fences = {origin: list(kept) for origin, kept in fences._kept.items()}
        return cls(kept_fences, names, dict(graph._cache), dict(newest._remembered))

    def restore(self) -> None:
        """Let this process keep the same, as if it had just read it."""
        fences._kept.clear()
        fences._kept.update({origin: list(kept) for origin, kept in self.fences.items()})
        graph._cache.clear()
        graph._cache.update(self.graphs)
        newest._remembered.clear()
        newest._remembered.update(self.releases)
        cached_index._cache[:] = [] if self.names is None else [cached_index._Cached(self.names, now())]
