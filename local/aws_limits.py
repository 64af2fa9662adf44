"""The limits of Lambda and its function URLs that the front enforces, so that tests notice what AWS would refuse.

Contract: platform.md 4.1.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

MAX_REQUEST_LINE_BYTES = 8190
MAX_HEADER_BYTES = 10_240
"""Request line and headers of a request, or headers of an answer."""

MAX_EVENT_BYTES = 6 * 1024 * 1024
MAX_EVENT_BODY_BYTES = (MAX_EVENT_BYTES - 64 * 1024) * 3 // 4
"""The largest body, which is encoded as Base64 in the event, next to 64 KiB for everything else."""

MAX_RESPONSE_BYTES = 6_291_556
SECONDS = 29
_LONGEST_ESCAPE = 6  # JSON writes one byte as \u00xx


def response_problem(response: Mapping[str, Any]) -> str | None:
    """Return why AWS would replace a function's response by 502, or None if it would send the response."""
    headers = sum(len(name) + len(value.encode()) for name, value in header_pairs(response))
    if headers > MAX_HEADER_BYTES:
        return f"its headers have {headers} bytes; AWS sends at most {MAX_HEADER_BYTES}"
    if _LONGEST_ESCAPE * (len(response.get("body") or "") + 2 * MAX_HEADER_BYTES) < MAX_RESPONSE_BYTES:
        return None  # the usual case, without the cost of encoding the response
    size = len(json.dumps(response))
    return None if size <= MAX_RESPONSE_BYTES else f"it has {size} bytes; Lambda returns at most {MAX_RESPONSE_BYTES}"


def header_pairs(response: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Return the headers of a function's response. A name with several values occurs several times."""
    multi_value = response.get("multiValueHeaders") or {}
    pairs = [(name, str(value)) for name, values in multi_value.items() for value in values]
    present = {name.lower() for name, _ in pairs}
    single = (response.get("headers") or {}).items()
    return pairs + [(name, str(value)) for name, value in single if name.lower() not in present]
