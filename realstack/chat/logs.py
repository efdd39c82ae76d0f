"""The log of a process: one JSON object a line, an event each, for machines to read and people to grep.

    {"time":"2026-03-01T12:00:00.123Z","level":"info","process":"gateway-1","logger":"…gateway","event":"draining: 3 …"}

Events speak of users and conversations by number; tokens, keys and texts of messages are never given to a logger.
`CHATSCALE_LOG_LEVEL` sets the least level that is written.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime

import msgspec

LEVEL_VARIABLE = "CHATSCALE_LOG_LEVEL"
# Libraries that tell at "info" what is nobody's business.
_CHATTY = ("aiokafka", "cassandra", "websockets", "grpc")


class _Line(msgspec.Struct, omit_defaults=True):
    time: str
    level: str
    process: str
    logger: str
    event: str
    error: str = ""


class JsonLines(logging.Formatter):
    """Formats the records of one process."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = _Line(
            time=datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            level=record.levelname.lower(),
            process=self._process,
            logger=record.name,
            event=record.getMessage(),
            error=self.formatException(record.exc_info) if record.exc_info else "",
        )
        return msgspec.json.encode(line).decode()


def log_as(process: str) -> None:
    """Have everything that this process logs written to its standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process))
    logging.basicConfig(level=os.environ.get(LEVEL_VARIABLE, "INFO").upper(), handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
