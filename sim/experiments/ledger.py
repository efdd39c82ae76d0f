"""A Ledger: every answer is written down at once, so that whoever is killed keeps what was finished.

    replications.jsonl    {"key": "9f…", "values": {"delivery_p99": 0.0312, …}}     one line an answer

The key names what was asked and with what; the same question with the same ledger is not computed again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sim.errors import UsageError
from sim.experiments.executor import Executor

LEDGER = "replications.jsonl"
Answer = Mapping[str, Any]


class Question(Protocol):
    """What has one answer."""

    @property
    def key(self) -> str:
        """The same for the same question, another for any other."""


Asked = TypeVar("Asked", bound=Question)


def key_of(*content: str) -> str:
    """A key for a question that is told by these words, and by the version of chatscale."""
    return hashlib.sha256("\x1f".join([version("chatscale"), *content]).encode()).hexdigest()


class Ledger:
    """Answers by key; `path` is a file that need not exist, or None to write nothing down.

    Raises UsageError for a file that is no ledger.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, Answer] = {} if path is None else _read(path)

    def answers(
        self,
        function: Callable[[Asked], Answer],
        questions: Sequence[Asked],
        executor: Executor,
        told: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[Answer]:
        """`function` of every question, in order, computed unless it is known; `told` hears done and total."""
        keys = [question.key for question in questions]
        missing = {key: one for key, one in zip(keys, questions, strict=True) if key not in self._known}
        found = executor.map(function, list(missing.values()))
        for done, (key, values) in enumerate(zip(missing, found, strict=True), 1):
            self._write_down(key, values)
            told(done, len(missing))
        return [self._known[key] for key in keys]

    def _write_down(self, key: str, values: Answer) -> None:
        self._known[key] = values
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "values": dict(values)}) + "\n")


def _read(path: Path) -> dict[str, Answer]:
    """What is in a ledger. A last line that a kill cut short is removed, lest the next one grow onto it."""
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
        known = {line["key"]: line["values"] for line in lines}
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} is not a ledger of replications ({error}); choose another --out") from error
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return known
