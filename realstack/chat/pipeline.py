"""Commands to Redis, sent together: those that are given while others are under way share the next round trip.

    mget  ─┐
    evalsha ├─► one pipeline ─► answers, one each            (`together`)
    set, set, hdel ─┘

A command alone costs the client 120 µs, one of sixteen 25 µs. Commands of one call follow each other, though others may
come between. Redis forgets its scripts when it restarts: a script that it does not know is sent in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

from realstack.chat.redis_client import connect_redis
from realstack.chat.settings import Settings
from realstack.chat.together import Together

_MOST_AT_ONCE = 128

_Command = tuple[Any, ...]


class Pipeline:
    """The commands of one client, awaitable. Raises what redis-py does."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._together: Together[Sequence[_Command], list[Any]] = Together(self._execute, _MOST_AT_ONCE)

    async def command(self, *words: Any) -> Any:
        """The answer to one command."""
        return (await self._together.ask((words,)))[0]

    async def commands(self, commands: Sequence[_Command]) -> list[Any]:
        """The answers to several, given in one go."""
        return await self._together.ask(commands) if commands else []

    async def run(self, script: AsyncScript, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """The answer of a script."""
        rest = (len(keys), *keys, *arguments)
        try:
            return await self.command("EVALSHA", script.sha, *rest)
        except NoScriptError:
            return await self.command("EVAL", script.script, *rest)

    async def _execute(self, asked: list[Sequence[_Command]]) -> list[list[Any] | Exception]:
        async with self.redis.pipeline(transaction=False) as pipe:
            for commands in asked:
                for command in commands:
                    pipe.execute_command(*command)
            answers = iter(await pipe.execute(raise_on_error=False))
        return [_unless_refused([next(answers) for _ in commands]) for commands in asked]

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self.redis.aclose()


def _unless_refused(answers: list[Any]) -> list[Any] | Exception:
    return next((answer for answer in answers if isinstance(answer, Exception)), answers)


def open_pipeline(settings: Settings) -> Pipeline:
    """A pipeline to the settings' Redis."""
    return Pipeline(connect_redis(settings))
