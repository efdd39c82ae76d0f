"""The error tree. Every error that a user can cause or mend is one of these.

    ChatscaleError                 a message that shows the value and the next step
    ├── UsageError          (4)    wrong arguments, an unknown name, a folder that exists
    │   └── ScenarioError   (4)    a scenario file that cannot be understood; holds every problem found
    ├── HistoryError        (4)    a history that cannot be read: cut short, unknown kinds, another schema
    ├── ModelError          (4)    a model asked for something that it cannot answer exactly
    └── ServerError         (3)    real servers are not available
        ├── ServerMissingError (3) nothing on this machine can run it
        ├── ServerStartError   (3) it did not come up; holds the tail of its log
        └── ServerLostError    (3) it was there and died or stopped answering

The number is the exit code of the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class ChatscaleError(Exception):
    """Root of the tree; `exit_code` is what the command line returns."""

    exit_code: ClassVar[int] = 4


class UsageError(ChatscaleError):
    """The request itself is wrong: an argument, a name, a place to write."""


class ScenarioError(UsageError):
    """A scenario could not be understood. `problems` holds one located line for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__("\n".join([*self.problems, f"{count} error{'s' * (count != 1)}, nothing was run"]))


class HistoryError(ChatscaleError):
    """A history could not be read or does not follow the schema."""


class ModelError(ChatscaleError):
    """A model was asked for what it cannot answer exactly; the message names what can."""


class ServerError(ChatscaleError):
    """A real server is not available."""

    exit_code: ClassVar[int] = 3


class ServerMissingError(ServerError):
    """Nothing on this machine can run the server; the message holds the command that mends it."""


class ServerStartError(ServerError):
    """A server did not become ready. `log_tail` holds its last lines."""

    def __init__(self, message: str, log_tail: str = "") -> None:
        self.log_tail = log_tail
        super().__init__(f"{message}\n{log_tail}".rstrip())


class ServerLostError(ServerError):
    """A server that was ready died or stopped answering."""
