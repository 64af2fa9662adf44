"""What a million requests of a fleet of CI machines cost, computed from what `make bench` measures.

Prices are AWS's list prices in us-east-1 in November 2026, in US dollars. Data transfer is left out: it is the same
for all fronts, and the archives themselves outweigh everything else. docs/OPERATIONS.md explains the model.
"""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

SESSION = {"channel latest, anonymous": 0.45, "download, anonymous": 0.45, "public key, anonymous": 0.1}
"""The shares of requests in a session of installs: for each package its newest release, its archive, and now and then
the key that signed it."""

REPEATS = 0.9
"""The share of requests that repeat another one while a cache still has its answer."""

DOCUMENT = Path(__file__).parents[2] / "docs" / "OPERATIONS.md"
MILLION = 1_000_000
LAMBDA_REQUESTS = 0.20
LAMBDA_GIGABYTE_SECOND = 0.0000133334
"""On arm64."""

MEMORY_MEGABYTES, ONE_PROCESSOR_MEGABYTES = 1024, 1769
"""Lambda gives a function a share of the processor that grows with its memory."""

CALL_MILLISECONDS = 4
"""The time for which the function waits for a call to the table or the bucket."""

READ_UNITS = 0.125
OBJECT_READS = 0.40
LOG_GIGABYTE = 0.50
LOG_LINE_BYTES = 800
"""The line of a request with its metrics."""

CLOUDFRONT_REQUESTS = 1.00
CLOUDFRONT_FREE_MILLIONS = 10
"""Requests per month without charge."""


class Measured(Struct, frozen=True):
    """What one request needs. `object_reads` are calls to the bucket, which `calls` includes."""

    calls: int
    read_units: float
    cpu_milliseconds: float
    object_reads: int = 0

    @property
    def price(self) -> float:
        """The price of a million such requests without a front."""
        seconds = self.cpu_milliseconds / 1000 * ONE_PROCESSOR_MEGABYTES / MEMORY_MEGABYTES
        seconds += self.calls * CALL_MILLISECONDS / 1000
        function = LAMBDA_REQUESTS + seconds * MEMORY_MEGABYTES / 1024 * LAMBDA_GIGABYTE_SECOND * MILLION
        log = LOG_LINE_BYTES * MILLION / 1e9 * LOG_GIGABYTE
        return function + self.read_units * READ_UNITS + self.object_reads * OBJECT_READS + log


def session_price(measured: Mapping[str, Measured]) -> float:
    """Return the price of a million requests of the session if no cache answers any of them."""
    return sum(share * measured[name].price for name, share in SESSION.items())


def behind_caches_of_clients(uncached: float) -> float:
    """Return the price of a million requests of which only those that no cache of the CI system answers arrive."""
    return (1 - REPEATS) * uncached


def behind_cloudfront(uncached: float, millions_per_month: float) -> float:
    """Return the price of a million requests behind CloudFront, which answers the repeats."""
    charged = max(0.0, millions_per_month - CLOUDFRONT_FREE_MILLIONS) / millions_per_month
    return charged * CLOUDFRONT_REQUESTS + (1 - REPEATS) * uncached


HEADINGS = ["million requests per month", "function URL", "behind CloudFront", "behind caches of the CI system"]


def rows(measured: Mapping[str, Measured]) -> list[list[str]]:
    """Return the table of prices per million requests, by volume."""
    uncached = session_price(measured)
    return [
        [
            f"{millions:,}",
            f"${uncached:.2f}",
            f"${behind_cloudfront(uncached, millions):.2f}",
            f"${behind_caches_of_clients(uncached):.2f}",
        ]
        for millions in (10, 50, 100, 1_000)
    ]
