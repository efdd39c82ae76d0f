"""One connection through the proxy.

    client ── asked ──► (partition?) ──────────────────────────────► server
    client ◄── (cut?) ◄── (lost?) ◄── (partition?) ◄── (slow?) ──── server

Answers keep their order, and what waits does not keep the server from being read.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from realstack.faults.answers import Piece, answers_of
from realstack.faults.weather import BrokenError, Weather

_READ_BYTES = 65_536
_MOST_WAITING = 1_000

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Passage:
    """Between a client and its server, until one of them closes or the weather breaks it."""

    def __init__(self, server: str, weather: Weather, client: Ends, upstream: Ends) -> None:
        self._weather = weather
        self._answers = answers_of(server)
        self._client_reader, self._client_writer = client
        self._server_reader, self._server_writer = upstream
        self._waiting: asyncio.Queue[tuple[float, Piece]] = asyncio.Queue(_MOST_WAITING)
        self._left_bytes = weather.cut_after
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Pass on, and close both ends when it is over."""
        self._tasks = [asyncio.create_task(work) for work in (self._ask(), self._listen(), self._answer())]
        try:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            # An answer that is on its way still arrives; what broke has been aborted before.
            self._client_writer.close()
            self._server_writer.close()

    def cut_after(self, left_bytes: int) -> None:
        """Break once so many more bytes were answered; at once if none."""
        self._left_bytes = left_bytes
        if not left_bytes:
            self._weather.broke()
            self._abort()

    def _abort(self) -> None:
        for writer in (self._client_writer, self._server_writer):
            writer.transport.abort()

    async def _ask(self) -> None:
        with suppress(ConnectionError):
            while data := await self._client_reader.read(_READ_BYTES):
                await self._weather.passable()
                self._answers.asked(data)
                self._server_writer.write(data)
                await self._server_writer.drain()

    async def _listen(self) -> None:
        with suppress(ConnectionError):
            while data := await self._server_reader.read(_READ_BYTES):
                due_s = asyncio.get_running_loop().time() + self._weather.take_delay_s()
                for piece in self._answers.split(data):
                    await self._waiting.put((due_s, piece))
        # What was answered before the server closed still arrives.
        await self._waiting.join()

    async def _answer(self) -> None:
        with suppress(ConnectionError):
            try:
                while True:
                    await self._pass_back(*await self._waiting.get())
                    self._waiting.task_done()
            except BrokenError:
                self._abort()

    async def _pass_back(self, due_s: float, piece: Piece) -> None:
        await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
        await self._weather.passable()
        self._weather.judge(piece)
        self._client_writer.write(self._within_budget(piece.data))
        await self._client_writer.drain()
        if self._left_bytes == 0:
            # The socket has them: what is left in our own buffer would be lost by the abort, drain or not.
            while self._client_writer.transport.get_write_buffer_size():
                await asyncio.sleep(0.001)
            self._weather.broke()
            raise BrokenError

    def _within_budget(self, data: bytes) -> bytes:
        if self._left_bytes is None:
            return data
        allowed = data[: self._left_bytes]
        self._left_bytes -= len(allowed)
        return allowed
