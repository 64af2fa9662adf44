"""The row of the audit of the build graph: where the next run continues."""

from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, Row, partition, read


class GraphAuditRow(Row):
    """The name (`origin/name`) after which the next run continues. With an empty name part, the origin is complete."""

    after = UnicodeAttribute()


_KEY = Key(GraphAuditRow, partition("GRAPH-AUDIT"), "NAMES")


def cursor() -> str:
    """Return the last name that was audited, empty if the next run starts with the first one."""
    row = read(_KEY)
    return "" if row is None else row.after


def store_cursor(after: str) -> None:
    """Store the last name that was audited; empty to start with the first one again."""
    with Change() as change:
        if after:
            change.put(GraphAuditRow(_KEY.pk, _KEY.sk, after=after))
        else:
            change.delete(_KEY)
