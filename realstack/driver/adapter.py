"""What somebody else's chat server needs to be driven and judged: four things that every chat has, in its own protocol.

    class MyChat:                                    one object a test
        async def connect(self, user, on_message):   a session of this user's device; messages come to on_message
            ...
            return MySession(...)

    class MySession:                                 one object a connection
        async def send(self, conv, uuid, text): ...      returns once the server has it
        async def resume(self, cursors): ...             asks for what was missed above the last place shown
        async def close(self): ...

Users and conversations are the names `u17` and `c5` of the history. An adapter translates and nothing else: what it
drops, repeats or reorders is held against the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that reached a device. `seq` is its place in the conversation, where the server gives it one."""

    conv: str
    uuid: str
    text: str
    seq: int | None = None
    via: Literal["push", "resume"] = "push"


class RefusedError(Exception):
    """Raised by `Session.send`: the server did not take the message, so that nobody may ever see it."""


OnMessage = Callable[[Incoming], None]


class Session(Protocol):
    """One connection of one device. Any error but RefusedError means that nobody knows, and that the session ended."""

    async def send(self, conv: str, uuid: str, text: str) -> object:
        """Send a message; return when the server has acknowledged it. May be called while another send waits."""

    async def resume(self, cursors: Mapping[str, int]) -> object:
        """Ask for what was missed: conversation → highest `seq` shown. Return when all of it has come."""

    async def close(self) -> object:
        """End the session."""


class Adapter(Protocol):
    """A chat server."""

    async def connect(self, user: str, on_message: OnMessage) -> Session:
        """Open a session. What the server pushes before `resume` was asked for is shown too, in its order."""
