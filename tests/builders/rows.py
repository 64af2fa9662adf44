"""The rows in the table: from the memory of the embedded engine, or by calls if the tests run on another engine.

`make test-engines` runs tests on other engines.
"""

from tests.environment import ON_ANOTHER_ENGINE

if ON_ANOTHER_ENGINE:
    from tests.builders.rows_by_calls import (
        Attributes,
        empty_partition,
        keep_only,
        partition_rows,
        partitions,
        partitions_of,
        put_copies,
        row_at,
        row_keys,
    )
else:
    from tests.builders.rows_in_moto import (
        Attributes,
        empty_partition,
        keep_only,
        partition_rows,
        partitions,
        partitions_of,
        put_copies,
        row_at,
        row_keys,
    )

__all__ = [
    "Attributes",
    "empty_partition",
    "keep_only",
    "partition_rows",
    "partitions",
    "partitions_of",
    "put_copies",
    "row_at",
    "row_keys",
]
