"""The media of the messages: bytes by HTTP to a service of its own, beside the gateways and not through them.

    put   driver ─ uplink ─► media-1: member? keep the bytes, note them in Cassandra ─ downlink ─► driver
    get   driver ─ uplink ─► media-1: member? noted there? ─────────── the bytes ──── downlink ─► driver

A request costs CPU at both ends, and each KiB of it. All devices share the driver's HTTP client, which has sixteen
connections. The object store's disk is not modelled: at the box's scale its page cache takes everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import simpy

from sim.engine.context import Context, Process
from sim.engine.frames import Message
from sim.engine.store import Store
from sim.workload.media import Medium

NAME = "media-1"
_CONNECTIONS = 16


class MediaService:
    """Process `media-1` and the way to it. `media` is what goes with messages, by UUID, at the box's size."""

    def __init__(self, context: Context, store: Store, media: Mapping[str, Medium]) -> None:
        self._context = context
        self._store = store
        self._media = media
        self._loop = context.event_loop(NAME)
        self._driver = context.processes["driver"]
        self._connections = simpy.Resource(context.env, _CONNECTIONS)
        self._known_members: set[int] = set()
        self._contents: set[int] = set()
        self._totals = dict.fromkeys(("uploads", "uploaded_bytes", "stored", "stored_bytes"), 0)

    def of(self, message: Message) -> Medium | None:
        """What goes with the message."""
        return self._media.get(message.uuid)

    def put(self, message: Message, medium: Medium) -> Process:
        """Upload."""
        yield from self._request("put", message, medium, self._store.write)
        new = medium.content not in self._contents
        self._contents.add(medium.content)
        came = {"uploads": 1, "uploaded_bytes": medium.size_bytes}
        kept = {"stored": int(new), "stored_bytes": medium.size_bytes * new}
        for name, value in {**came, **kept}.items():
            self._totals[name] += value

    def get(self, message: Message, medium: Medium) -> Process:
        """Download."""
        yield from self._request("get", message, medium, self._store.read)

    def _request(self, kind: str, message: Message, medium: Medium, noted: Callable[[int], Process]) -> Process:
        cpu_s, size_kib = self._context.profile.cpu_s, medium.size_bytes / 1024
        with self._connections.request() as connection:
            yield connection
            yield self._driver.run(cpu_s("driver.media") + size_kib * cpu_s("driver.kib"))
            yield self._context.delay("uplink")
            yield self._loop.run(cpu_s(f"media.{kind}") + size_kib * cpu_s("media.kib"))
            if message.conv not in self._known_members:
                self._known_members.add(message.conv)
                yield from self._store.read(message.conv)
            yield from noted(message.conv)
            yield self._context.delay("downlink")

    def count(self) -> None:
        """Record what came and what of it was stored, as the real service says at the end."""
        for name, value in self._totals.items():
            self._context.sample(NAME.partition("-")[0], name, float(value))


class Attachments:
    """One device's media. A message waits until its medium is up, and its conversation behind it; then it is submitted.

    `media` is None where the design does not store them: everything is submitted at once.
    """

    def __init__(
        self, context: Context, own: Mapping[str, str], media: MediaService | None, submit: Callable[[Message], None]
    ) -> None:
        self._context = context
        self._own = own
        self._media = media
        self._submit = submit
        self._waiting: dict[int, deque[Message]] = {}

    @property
    def waiting(self) -> list[Message]:
        """Messages that have not gone yet."""
        return [message for queue in self._waiting.values() for message in queue]

    def post(self, message: Message) -> None:
        """Submit a message when its medium is up and everything before it has gone."""
        if (queue := self._waiting.get(message.conv)) is not None:
            queue.append(message)
        elif self._media is None or self._media.of(message) is None:
            self._submit(message)
        else:
            self._waiting[message.conv] = deque([message])
            self._context.env.process(self._work_off(message.conv, self._media))

    def fetch(self, message: Message) -> None:
        """Download what goes with a message that is shown, if anything does."""
        if self._media is not None and (medium := self._media.of(message)) is not None:
            self._context.env.process(self._download(message, medium, self._media))

    def _work_off(self, conv: int, media: MediaService) -> Process:
        queue = self._waiting[conv]
        while queue:
            if (medium := media.of(queue[0])) is not None:
                start_ns = self._context.now_ns
                yield from media.put(queue[0], medium)
                self._record("media.put", queue[0], medium, start_ns)
            self._submit(queue.popleft())
        del self._waiting[conv]

    def _download(self, message: Message, medium: Medium, media: MediaService) -> Process:
        start_ns = self._context.now_ns
        yield from media.get(message, medium)
        self._record("media.get", message, medium, start_ns, hash=message.hash)

    def _record(self, kind: str, message: Message, medium: Medium, start_ns: int, **more: str) -> None:
        what = {"conv": f"c{message.conv}", "uuid": message.uuid, **more}
        self._context.record(kind, **self._own, **what, size_bytes=medium.size_bytes, start_ns=start_ns)
