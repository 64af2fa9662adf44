"""Modules that load on first use, because the read path does not need them (docs/ARCHITECTURE.md, "Cold start").

```python
with deferred():
    from chalicelib.origins.keys import service
```

binds the module; its code runs when one of its names is first used. Import modules this way, never names of a module:
`from module import name` would run the module at once. This is the only form of lazy import in the project.
"""

import sys
import threading  # noqa: F401 - from Python 3.13 on, LazyLoader imports it, which the block would defer as well
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType


class _LazyFinder:
    """A meta path finder whose modules run on first use."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = LazyLoader(spec.loader)
            _deferred.append(name)
        return spec


_deferred: list[str] = []


@contextmanager
def deferred() -> Iterator[None]:
    """Defer the execution of the modules imported inside the block."""
    sys.meta_path.insert(0, _LazyFinder)
    try:
        yield
    finally:
        sys.meta_path.remove(_LazyFinder)


def load_deferred() -> None:
    """Load every deferred module now.

    A process with several threads calls this before it serves: `LazyLoader` is not safe when two threads use a module
    for the first time at the same moment.
    """
    while _deferred:
        vars(sys.modules[_deferred.pop()])
