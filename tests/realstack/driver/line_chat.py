"""Somebody else's chat: a tiny server with a line protocol of its own over TCP, in memory, and its adapter.

    → LOGIN u1          ← HI
    → SAY 7 c5 a1 text  ← DONE 7                      kept, and pushed to the other members who are there:
                        ← MSG c5 3 a1 text
    → SINCE 8 c5=2,…    ← OLD c5 3 a1 text … END 8    what stands above these places, and from now on pushes

It shares no line with the backend of this repository. `Bug` seeds the classic ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum, auto
from functools import partial

from realstack.driver.adapter import Incoming, OnMessage

_HELD_S = 0.25


class Bug(Enum):
    """What is wrong with the server."""

    NONE = auto()
    FORGETS_TO_PUSH = auto()  # every tenth message is kept and pushed to nobody, and resume knows nothing of it
    SWAPS_NEIGHBOURS = auto()  # two messages of a conversation are pushed in the opposite order
    SAYS_TWICE = auto()  # a resume starts at the last place shown, not above it


class LineChat:
    """The server. `members`: conversation → its users."""

    def __init__(self, members: Mapping[str, list[str]], bug: Bug) -> None:
        self.members, self.bug = members, bug
        self.kept: dict[str, list[tuple[int, str, str, str]]] = {}
        self.online: dict[str, asyncio.StreamWriter] = {}
        self.delayed: dict[str, Callable[[], None]] = {}
        self.said = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        user = (await reader.readline()).decode().split()[1]
        writer.write(b"HI\n")
        with suppress(ConnectionError):
            await self.listen(user, reader, writer)
        if self.online.get(user) is writer:
            del self.online[user]
        writer.close()

    async def listen(self, user: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := (await reader.readline()).decode().rstrip("\n"):
            word, number, *rest = line.split(" ", 2)
            if word == "SAY":
                self.say(user, *rest[0].split(" ", 2))
                writer.write(f"DONE {number}\n".encode())
            elif word == "SINCE":
                # Not before: what is pushed while something is missing would stand in front of it.
                self.online[user] = writer
                self.since(user, dict(pair.split("=") for pair in rest[0].split(",") if pair), writer)
                writer.write(f"END {number}\n".encode())

    def say(self, user: str, conv: str, uuid: str, text: str) -> None:
        self.said += 1
        forgotten = self.bug is Bug.FORGETS_TO_PUSH and self.said % 10 == 0
        seq = len(self.kept.setdefault(conv, [])) + 1
        self.kept[conv].append((seq, uuid, "" if forgotten else user, text))
        if forgotten:
            return
        push = partial(self.push, conv, user, f"MSG {conv} {seq} {uuid} {text}\n")
        if self.bug is Bug.SWAPS_NEIGHBOURS and self.said % 5 == 0 and conv not in self.delayed:
            self.delayed[conv] = push
            asyncio.get_running_loop().call_later(_HELD_S, self.catch_up, conv)
            return
        push()
        self.catch_up(conv)

    def catch_up(self, conv: str) -> None:
        self.delayed.pop(conv, lambda: None)()

    def push(self, conv: str, sender: str, line: str) -> None:
        for member in self.members[conv]:
            if member != sender and member in self.online:
                self.online[member].write(line.encode())

    def since(self, user: str, places: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        for conv, kept in self.kept.items():
            above = int(places.get(conv, "0")) - (self.bug is Bug.SAYS_TWICE)
            for seq, uuid, sender, text in kept if user in self.members[conv] else ():
                if seq > above and sender not in (user, ""):
                    writer.write(f"OLD {conv} {seq} {uuid} {text}\n".encode())


class LineSession:
    """One connection: a reader task that hands out answers by number and messages to the device."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: OnMessage, ended: Callable[[], None]
    ) -> None:
        self._reader, self._writer, self._take, self._ended = reader, writer, take, ended
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._asked = 0
        self._listening = asyncio.create_task(self._listen())

    async def send(self, conv: str, uuid: str, text: str) -> None:
        await self._ask("SAY", f"{conv} {uuid} {text}")

    async def resume(self, cursors: Mapping[str, int]) -> None:
        await self._ask("SINCE", ",".join(f"{conv}={seq}" for conv, seq in cursors.items()))

    async def close(self) -> None:
        self._listening.cancel()
        for answer in self._answers.values():
            answer.set_exception(ConnectionResetError("closed before the answer"))
        self._writer.close()
        await self._writer.wait_closed()
        self._ended()

    async def _ask(self, word: str, rest: str) -> None:
        self._asked += 1
        answer = self._answers[str(self._asked)] = asyncio.get_running_loop().create_future()
        self._writer.write(f"{word} {self._asked} {rest}\n".encode())
        await answer

    async def _listen(self) -> None:
        while line := (await self._reader.readline()).decode().rstrip("\n"):
            word, rest = line.split(" ", 1)
            if word in ("DONE", "END"):
                self._answers.pop(rest).set_result(None)
            else:
                conv, seq, uuid, text = rest.split(" ", 3)
                self._take(Incoming(conv, uuid, text, int(seq), "push" if word == "MSG" else "resume"))


class LineChatAdapter:
    """The server listens on a free port of loopback while anybody is connected; what it keeps, it keeps."""

    def __init__(self, members: Mapping[str, list[str]], bug: Bug = Bug.NONE) -> None:
        self._chat = LineChat(members, bug)
        self._server: asyncio.Server | None = None
        self._sessions = 0
        self._starting = asyncio.Lock()

    async def connect(self, user: str, on_message: OnMessage) -> LineSession:
        self._sessions += 1
        async with self._starting:
            if self._server is None:
                self._server = await asyncio.start_server(self._chat.serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*self._server.sockets[0].getsockname())
        writer.write(f"LOGIN {user}\n".encode())
        await reader.readline()
        return LineSession(reader, writer, on_message, self._ended)

    def _ended(self) -> None:
        self._sessions -= 1
        if self._server is not None and not self._sessions:
            self._server.close()
            self._server = None
