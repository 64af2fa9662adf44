"""Counts the AWS calls of a request, by operation, where botocore sends them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.endpoint import Endpoint


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Count the calls made inside the block by operation name, retries included."""
    calls: Counter[str] = Counter()
    make_request = Endpoint.make_request

    def counting(endpoint: Any, operation_model: Any, request_dict: Any) -> Any:
        calls[operation_model.name] += 1
        return make_request(endpoint, operation_model, request_dict)

    with patch.object(Endpoint, "make_request", counting):
        yield calls
