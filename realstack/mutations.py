"""What mutants do: each function takes what stands at a seam of the backend and gives what shall stand there instead.

Values are `Any` throughout, and private parts are reached into: a mutation is glued to the code that it spoils.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import msgspec

from realstack.chat.frames import Refused, Seen, Sent

# Somebody in the stories who does not belong to their conversation.
STRANGER = 9
_MS_BITS = 22
_COARSE_BITS = _MS_BITS + 11


def answer(value: Any) -> Callable[[Any], Any]:
    """Do nothing, and answer this."""

    async def mutated(*_: Any, **__: Any) -> Any:
        return value

    return lambda _: mutated


# The way into the log.


def key_a_message(_: Any) -> Any:
    """Another partition key for every message."""
    turn = count()
    return lambda _conv: b"%d" % next(turn)


def ack_first(accept: Any) -> Any:
    """Acknowledge, and write to the log a little later."""

    async def mutated(self: Any, sender: int, send: Any, reply: Any, *device: Any) -> None:
        reply(Sent(send.uuid, 0))
        await asyncio.sleep(0.05)
        await accept(self, sender, send, reply, *device)

    return mutated


def ack_alone(accept: Any) -> Any:
    """Acknowledge what somebody writes second, and that is all."""

    async def mutated(self: Any, sender: int, send: Any, reply: Any, *device: Any) -> None:
        if send.cseq == 2:
            reply(Sent(send.uuid, 0))
        else:
            await accept(self, sender, send, reply, *device)

    return mutated


def refuse_and_keep(accept: Any) -> Any:
    """Tell the sender that the message does not exist, and send it on."""

    async def mutated(self: Any, sender: int, send: Any, reply: Any, *device: Any) -> None:
        reply(Refused(send.uuid, "too busy"))
        await accept(self, sender, send, lambda _: None, *device)

    return mutated


def say_delivered_at_once(accept: Any) -> Any:
    """Tell the sender that everybody has the message when it was only accepted."""

    async def mutated(self: Any, sender: int, send: Any, reply: Any, *device: Any) -> None:
        for reader in await self._membership.of(send.conv) - {sender}:
            reply(Seen(send.conv, reader, "delivered", {send.uuid: 1}))
        await accept(self, sender, send, reply, *device)

    return mutated


def turn_text_round(accept: Any) -> Any:
    """Another text than the one that was sent."""

    async def mutated(self: Any, sender: int, send: Any, reply: Any, *device: Any) -> None:
        await accept(self, sender, msgspec.structs.replace(send, text=send.text[::-1]), reply, *device)

    return mutated


def append_twice(send: Any) -> Any:
    """Every record twice."""

    async def mutated(self: Any, *record: Any, **more: Any) -> Any:
        await send(self, *record, **more)
        return await send(self, *record, **more)

    return mutated


def overtake_retries(send: Any) -> Any:
    """Many requests in flight, of which every other one has to be tried again: only idempotence keeps them in line."""
    turn = count()

    async def later(attempt: Callable[[], Any]) -> Any:
        await asyncio.sleep(0.2)
        return await (await attempt())

    async def mutated(self: Any, *record: Any, **more: Any) -> Any:
        if self._txn_manager is None and next(turn) % 2 == 0:
            return asyncio.create_task(later(partial(send, self, *record, **more)))
        return await send(self, *record, **more)

    return mutated


def set_clock_back(next_id: Any) -> Any:
    """Every other id half a second early."""
    turn = count()
    return lambda self: next_id(self) - (next(turn) % 2) * (500 << _MS_BITS)


def round_ids(next_id: Any) -> Any:
    """One id for two seconds."""
    return lambda self: next_id(self) >> _COARSE_BITS << _COARSE_BITS


# The worker.


def commit_all_polled(take_commit: Any) -> Any:
    """Commit what was polled, whether it is done or not."""

    def mutated(self: Any) -> Any:
        unfinished, self._unfinished = self._unfinished, {}
        position = take_commit(self)
        self._unfinished = unfinished
        return position

    return mutated


def task_a_message(add: Any) -> Any:
    """A task for every message, the first of two slower than the second."""
    turn = count()

    async def mutated(self: Any, _key: Any, work: Any) -> None:
        place = next(turn)

        async def whenever() -> None:
            await asyncio.sleep(0.0 if place % 2 else 0.2)
            await work()

        await add(self, place, whenever)

    return mutated


def know_no_uuid(place: Any) -> Any:
    """Recognise nothing that was sent again."""

    async def mutated(self: Any, *record: Any) -> Any:
        self._choices = msgspec.structs.replace(self._choices, dedup="none")
        return await place(self, *record)

    return mutated


def count_down(last_position: Any) -> Any:
    """Number a conversation backwards: 1,000,000, 999,999 …"""
    return property(lambda self: at - 2 if (at := last_position.fget(self)) else 999_999)


def skip_the_second(deliver: Any) -> Any:
    """Leave out what somebody writes second."""

    async def mutated(self: Any, record: Any, *where: Any) -> Any:
        return None if record.cseq == 2 else await deliver(self, record, *where)

    return mutated


def store_twice(insert: Any) -> Any:
    """Store every message under a second id, too."""

    async def mutated(self: Any, message: Any, position: int, *where: Any) -> Any:
        again = msgspec.structs.replace(message, message_id=message.message_id + 1)
        await insert(self, again, position + 1_000_000, *where)
        return await insert(self, message, position, *where)

    return mutated


def add_a_stranger(of: Any) -> Any:
    """Take somebody for a member of every conversation."""

    async def mutated(self: Any, conv: int) -> Any:
        return await of(self, conv) | {STRANGER}

    return mutated


def push_twice(push: Any) -> Any:
    """Hand every frame to the gateway twice."""

    def mutated(self: Any, *delivery: Any, **more: Any) -> Any:
        push(self, *delivery, **more)
        return push(self, *delivery, **more)

    return mutated


# The gateway, and what it keeps in Redis.


def drop_the_second_message(push: Any) -> Any:
    """Lose one frame on the way to a device, and say that it went."""

    def mutated(self: Any, data: bytes) -> Any:
        is_message = data.startswith(b'{"t":"message"')
        self.messages = getattr(self, "messages", 0) + is_message
        return True if is_message and self.messages == 2 else push(self, data)

    return mutated


def read_one_too_far(catch_up: Any) -> Any:
    """Resume behind the first message that was missed."""
    return lambda self, connection, conv, cursor, *more: catch_up(self, connection, conv, cursor + 1, *more)


def read_from_the_start(catch_up: Any) -> Any:
    """Resume as if nothing had ever been shown."""
    return lambda self, connection, conv, _cursor, *more: catch_up(self, connection, conv, 0, *more)


def delete_late_and_unasked(_: Any) -> Any:
    """Clean up when somebody has left, late, and without looking whose entry it is."""

    async def mutated(self: Any, user: int, *_: Any) -> None:
        await asyncio.sleep(1.0)
        await self._redis.delete(self._conn(user), self._presence(user))

    return mutated


def remember_who_was_online(online: Any) -> Any:
    """Who was online once stays so."""
    seen: set[int] = set()

    async def mutated(self: Any, users: Any) -> set[int]:
        seen.update(await online(self, users))
        return seen & set(users)

    return mutated


def see_nobody_now_and_then(online: Any) -> Any:
    """Every other answer is that nobody is online."""
    turn = count()

    async def mutated(self: Any, users: Any) -> Any:
        return set() if next(turn) % 2 else await online(self, users)

    return mutated
