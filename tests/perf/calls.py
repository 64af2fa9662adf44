"""Counts what a request costs: calls to AWS by operation, seen where botocore sends them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.endpoint import Endpoint


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """The calls made inside the block, retries included, by operation name."""
    calls: Counter[str] = Counter()
    send = Endpoint.make_request

    def counting(endpoint: Any, operation_model: Any, request_dict: Any) -> Any:
        calls[operation_model.name] += 1
        return send(endpoint, operation_model, request_dict)

    Endpoint.make_request = counting  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        Endpoint.make_request = send  # type: ignore[method-assign]
