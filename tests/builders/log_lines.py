"""The log lines of the service for tests, as operators see them."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.platform import logs


class Log(logging.Handler):
    """The formatted lines of the service, and those of libraries from INFO on."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self._last: logging.LogRecord | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. The root logger passes the lines of the service as well."""
        if record is self._last:
            return
        self._last = record
        [handler] = logging.getLogger(logs.SERVICE).handlers[:1]
        self.lines.append(handler.format(record))

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)

    @property
    def parsed(self) -> list[dict[str, Any]]:
        """All lines, parsed."""
        return [json.loads(line) for line in self.lines]

    def named(self, message: str) -> list[dict[str, Any]]:
        """Return the lines with a message."""
        return [line for line in self.parsed if line["message"] == message]


@contextmanager
def log_lines() -> Iterator[Log]:
    """Collect the lines that are logged inside the block."""
    logs.logger()
    log, loggers = Log(), [logging.getLogger(logs.SERVICE), logging.getLogger()]
    for logger in loggers:
        logger.addHandler(log)
    try:
        yield log
    finally:
        for logger in loggers:
            logger.removeHandler(log)


def metrics_in(line: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the metrics of a line by name, as CloudWatch reads them: unit, values, and dimensions with values."""
    found: dict[str, dict[str, Any]] = {}
    for directive in line.get("_aws", {"CloudWatchMetrics": []})["CloudWatchMetrics"]:
        assert directive["Namespace"] == "HabitatBuilder"
        for metric in directive["Metrics"]:
            found[metric["Name"]] = {
                "unit": metric["Unit"],
                "values": line[metric["Name"]],
                "dimensions": [{name: line[name] for name in names} for names in directive["Dimensions"]],
            }
    return found
