"""What Redis does in one step to the keys of a session: `conn:` (KEYS[1]), `presence:` (KEYS[2]) and `seen:` (KEYS[3]).

Where devices follow presence, the step that shows or hides a user also says so on the channel named as the key: news
come in the order of the changes. Where they do not, nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

_SHOW = "redis.call('SET', KEYS[2], 'online', 'PX', ARGV[3])"
_SHOW_AND_TELL = f"""
local was_online = redis.call('EXISTS', KEYS[2])
{_SHOW}
if was_online == 0 then redis.call('PUBLISH', KEYS[2], 'online') end
"""
_HIDE = "redis.call('DEL', KEYS[2])"
_HIDE_AND_TELL = f"if {_HIDE} == 1 then redis.call('PUBLISH', KEYS[2], 'offline') end"

_EPOCH = "local function epoch(entry) return tonumber(string.match(entry, '|(%d+)$') or 0) end"

# Registrations may wait for Redis for seconds and arrive in another order: one of an old session, which is over by
# then, must not displace a newer one, for it would soon take the entry along. KEYS[3] counts what users have not read.
_CONNECT = """
@epoch
local owner = redis.call('GET', KEYS[1])
if owner and epoch(owner) > epoch(ARGV[1]) then
    return
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
@show
redis.call('HDEL', KEYS[3], ARGV[4])
"""
# A late clean-up by an old session must not delete what a newer one wrote, nor take a user offline whose other devices
# are connected.
_DELETE_OWN = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('DEL', KEYS[1])
for key = 4, #KEYS do
    if redis.call('EXISTS', KEYS[key]) == 1 then
        return 1
    end
end
@hide
local now = redis.call('TIME')
redis.call('SET', KEYS[3], now[1] * 1000 + math.floor(now[2] / 1000))
return 1
"""
_DELETE_ANY = """
redis.call('DEL', KEYS[1])
@hide
local now = redis.call('TIME')
redis.call('SET', KEYS[3], now[1] * 1000 + math.floor(now[2] / 1000))
"""
# Nor must an old session's heartbeat displace it; an entry that is gone is written again, and its session told. Gone is
# also one that a promoted replica never had: then an older session's, of a lower epoch, is still in its place.
_RENEW_OWN = """
@epoch
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] and epoch(owner) >= epoch(ARGV[1]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
@show
return owner == ARGV[1] and 0 or 1
"""
# Users of a gateway that does not answer: their next heartbeat finds the entry gone, and they ask for what they missed.
_DROP = """
for _, key in ipairs(KEYS) do
    local owner = redis.call('GET', key)
    if owner and string.sub(owner, 1, #ARGV[1]) == ARGV[1] then
        redis.call('DEL', key)
    end
end
"""


@dataclass(frozen=True)
class Scripts:
    """The steps, ready to be called. ARGV of `connect` and `renew_own`: entry, both TTLs in ms; user, of the first."""

    connect: AsyncScript
    delete_own: AsyncScript
    delete_any: AsyncScript
    renew_own: AsyncScript
    drop: AsyncScript

    @classmethod
    def of(cls, redis: Redis, *, tell: bool) -> Self:
        """The scripts that tell who came or went, or those that do not."""
        show, hide = (_SHOW_AND_TELL, _HIDE_AND_TELL) if tell else (_SHOW, _HIDE)
        texts = (_CONNECT, _DELETE_OWN, _DELETE_ANY, _RENEW_OWN, _DROP)
        parts = {"@epoch": _EPOCH, "@show": show, "@hide": hide}
        return cls(*(redis.register_script(_with(parts, text)) for text in texts))


def _with(parts: Mapping[str, str], text: str) -> str:
    for name, part in parts.items():
        text = text.replace(name, part)
    return text
