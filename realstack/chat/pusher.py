"""The pusher: empties the outbox of notifications into the services that reach phones. A process of its own.

    python -m realstack.chat.pusher SETTINGS.json NUMBER READY.json

    outbox ─ take ─► chains (one user in order, many at once) ─► sender ─ HTTP/2 ─► APNs, FCM
       ▲                                                            │
       └────────────────────────── done ◄───────────────────────────┘

It runs where the settings name a service. SIGTERM drains it: what was taken is sent, then it ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from realstack.chat.chains import Chains
from realstack.chat.handover import tell
from realstack.chat.health import serve_health
from realstack.chat.metrics import PusherMetrics
from realstack.chat.process import run_process, settle_memory
from realstack.chat.push_sender import PushSender
from realstack.chat.push_shapes import Notification
from realstack.chat.pushes import Pushes, open_pushes
from realstack.chat.settings import Ready, Settings

BEARER_VARIABLE = "CHATSCALE_PUSH_BEARER"
_AT_ONCE = 100
_ENTRIES = 64
_WAIT_S = 0.2


class Pusher:
    """Sends what is in the outbox."""

    def __init__(self, name: str, pushes: Pushes, sender: PushSender, metrics: PusherMetrics) -> None:
        self._name = name
        self._pushes = pushes
        self._sender = sender
        self._metrics = metrics
        self._chains = Chains(_AT_ONCE)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        await self._pushes.open()
        while not stop.is_set():
            if entries := await self._pushes.take(self._name, _ENTRIES, _WAIT_S):
                await self._send(told for entry in entries.values() for told in entry)
                await self._pushes.done(list(entries))

    async def _send(self, batch: Iterable[Notification]) -> None:
        for told in batch:
            # A user's in order, or an older count could replace a newer one on the phone.
            await self._chains.add(told.user, partial(self._one, told))
        await self._chains.drained()

    async def _one(self, told: Notification) -> None:
        self._metrics.counted(await self._sender.send(told))


async def run(settings: Settings, number: int, ready: Path, stop: asyncio.Event) -> None:
    """A pusher until `stop` is set. Its environment may hold what authorises it at the services."""
    name, metrics = f"pusher-{number}", PusherMetrics()
    pushes = open_pushes(settings)
    sender = PushSender(settings.apns_url, settings.fcm_url, os.environ.get(BEARER_VARIABLE, ""))
    try:
        with serve_health(metrics.registry, stop) as health:
            settle_memory()
            health.ready = True
            tell(ready, Ready(name, health_port=health.port))
            await Pusher(name, pushes, sender, metrics).run(stop)
    finally:
        await asyncio.gather(pushes.close(), sender.close())


if __name__ == "__main__":
    own_number, own_ready = int(sys.argv[2]), Path(sys.argv[3])
    own_settings = Settings.awaited(Path(sys.argv[1]))
    run_process(f"pusher-{own_number}", lambda stop: run(own_settings, own_number, own_ready, stop))
