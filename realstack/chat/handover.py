"""Small files by which processes tell each other how far they are; a reader sees the old or the new, never half.

supervisor    starts a process ── prepares the servers ── settings ─┐         ┌─ waits until all are ready
process              imports what it needs, which takes seconds ────┴─ ready ─┘
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

_LOOK_EVERY_S = 0.01


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one go."""
    draft = path.with_suffix(".new")
    draft.write_bytes(data)
    os.replace(draft, path)


def tell(path: Path, state: msgspec.Struct) -> None:
    """Write a state in one go."""
    replace_file(path, msgspec.json.encode(state))


def awaited_bytes(path: Path) -> bytes:
    """What a file holds, once it is there. Whoever starts a process ends it if the file will never come."""
    while not path.exists():
        time.sleep(_LOOK_EVERY_S)
    return path.read_bytes()
