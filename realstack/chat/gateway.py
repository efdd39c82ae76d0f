"""The gateway: devices on WebSockets on one side, deliveries by gRPC on the other. Run as a process of its own.

    python -m realstack.chat.gateway SETTINGS.json NUMBER READY.json [PORT]

`PORT` is that of the WebSockets, by default a free one: a gateway that comes back has to be where its devices look.

SIGTERM drains it: it takes no more devices and sends those that are here elsewhere. It ends when they have their
answers and are gone, or have had their time, and the log has everything that was accepted.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import grpc
from redis.exceptions import RedisError
from websockets.asyncio.server import Server, serve

from realstack.chat.appender import Appender
from realstack.chat.delivery_pb2 import DeliverReply, DeliverRequest
from realstack.chat.handover import tell
from realstack.chat.health import Health, serve_health
from realstack.chat.log import RECEIPT_LINGER_S, make_producer
from realstack.chat.message_service import Membership, MessageService
from realstack.chat.metrics import GatewayMetrics
from realstack.chat.process import run_process, settle_memory
from realstack.chat.registry import Registry, open_registry
from realstack.chat.sessions import Gateway
from realstack.chat.settings import Ready, Settings
from realstack.chat.shelf import Shelf
from realstack.chat.skew import SkewedClock, skew_path
from realstack.chat.store import Store, connect
from realstack.chat.tokens import Tokens

_REFUSE_FRAME_BYTES = 1 << 20
_CLOSE_WITHIN_S = 2.0
_ANNOUNCE_EVERY_S = 2.0

log = logging.getLogger(__name__)


def listen(gateway: Gateway, port: int = 0) -> AbstractAsyncContextManager[Server]:
    """The server of the devices' sockets, to be entered."""
    return serve(
        gateway.serve_socket,
        "127.0.0.1",
        port,
        compression=None,
        ping_interval=None,
        max_size=_REFUSE_FRAME_BYTES,
        close_timeout=_CLOSE_WITHIN_S,
    )


def _grpc_server(gateway: Gateway) -> tuple[grpc.aio.Server, int]:
    handler = grpc.unary_unary_rpc_method_handler(
        gateway.deliver,
        request_deserializer=DeliverRequest.FromString,
        response_serializer=DeliverReply.SerializeToString,
    )
    # The library refuses requests over 4 MiB, and a link puts many long messages into one.
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("chatscale.Gateway", {"DeliverMessage": handler}),)
    )
    return server, server.add_insecure_port("127.0.0.1:0")


async def _announce(registry: Registry, gateway: Gateway, address: str) -> None:
    """Again now and then for ever: a Redis that comes back has forgotten everything."""
    while True:
        await asyncio.sleep(_ANNOUNCE_EVERY_S)
        try:
            await registry.announce_gateway(gateway.name, address)
            await gateway.followers.renew()
        except RedisError as error:
            log.warning("not announced: %r", error)


async def run(settings: Settings, number: int, ready: Path, stop: asyncio.Event, port: int = 0) -> None:
    """A gateway until `stop` is set. Its environment holds the key of the tokens."""
    metrics = GatewayMetrics()
    with serve_health(metrics.registry, stop) as health:
        await _run(settings, number, ready, stop, port, metrics, health)


async def _run(
    settings: Settings,
    number: int,
    ready: Path,
    stop: asyncio.Event,
    port: int,
    metrics: GatewayMetrics,
    health: Health,
) -> None:
    tokens = Tokens.from_environment()
    name = f"gateway-{number}"
    clock = SkewedClock(skew_path(ready))
    clock.obey_signals()
    cluster = connect(settings)
    registry = open_registry(settings)
    messages = Appender(lambda: make_producer(settings))
    receipts = Appender(lambda: make_producer(settings, linger_s=RECEIPT_LINGER_S))
    await asyncio.gather(messages.start(), receipts.start())
    try:
        session = cluster.connect()
        store = Store(session, settings)
        membership = Membership(store)
        shelf = Shelf(session, settings.keyspace) if settings.choices.media == "store" else None
        observe = metrics.append_s.observe
        service = MessageService(settings, messages, receipts, membership, number, clock.ms, shelf, observe)
        gateway = Gateway(name, settings, service, membership, registry, store, tokens, metrics)
        grpc_server, grpc_port = _grpc_server(gateway)
        await grpc_server.start()
        async with listen(gateway, port) as sockets:
            await registry.announce_gateway(name, f"127.0.0.1:{grpc_port}")
            settle_memory()
            announcing = asyncio.create_task(_announce(registry, gateway, f"127.0.0.1:{grpc_port}"))
            health.ready = True
            tell(ready, Ready(name, next(iter(sockets.sockets)).getsockname()[1], grpc_port, health_port=health.port))
            await stop.wait()
            await gateway.drain(sockets)
            announcing.cancel()
            await gateway.presence.stop()
        await grpc_server.stop(grace=1.0)
    finally:
        await asyncio.gather(messages.stop(), receipts.stop())
        await registry.close()
        cluster.shutdown()


def main(arguments: Sequence[str]) -> None:
    """The process of the module's command line."""
    path, number, ready, *port = arguments
    settings = Settings.awaited(Path(path))
    run_process(f"gateway-{number}", lambda stop: run(settings, int(number), Path(ready), stop, int(*port)))


if __name__ == "__main__":
    main(sys.argv[1:])
