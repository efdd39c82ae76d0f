"""One event, one line of JSON, whatever is in it."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from realstack.chat.logs import JsonLines


def line(message: str, *values: object, level: int = logging.INFO, error: bool = False) -> dict[str, Any]:
    record = logging.LogRecord(
        "realstack.chat.gateway", level, __file__, 1, message, values, sys.exc_info() if error else None
    )
    written = JsonLines("gateway-1").format(record)
    assert "\n" not in written
    read: dict[str, Any] = json.loads(written)
    return read


def test_an_event_says_when_how_grave_who_and_what() -> None:
    found = line("draining: %d sessions", 3, level=logging.WARNING)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "warning",
        "process": "gateway-1",
        "logger": "realstack.chat.gateway",
        "event": "draining: 3 sessions",
    }


def test_an_exception_stays_on_the_line_with_its_traceback() -> None:
    try:
        raise ConnectionError("no store")
    except ConnectionError:
        found = line("could not honour a frame", error=True)
    assert found["error"].startswith("Traceback (most recent call last):\n")
    assert found["error"].endswith("ConnectionError: no store")


@given(st.text())
def test_no_text_breaks_a_line(text: str) -> None:
    assert line("%s", text)["event"] == text
