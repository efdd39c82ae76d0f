"""The way of a message, compiled stage by stage. A stage serves what is due and puts it on the way to the next.

    accept ──log──► deliver ──rpc──► push ──downlink, uplink──► receive ──log──► hand_back ──rpc──► seen
    sender's        partition's      recipient's                recipient's      receipt            sender's
    gateway         worker           gateway       read ───────►  gateway        partition          gateway

A gateway serves each kind of work on a thread of its own, so that no server is visited twice. What a person reads is
read seconds after it was delivered, by when nothing is left of the queues that the delivery met; a stream moved by so
long a random time is Poisson (Stone 1968), so read receipts come as one, at the rate of the deliveries.

Every hop that is recorded is one row of the book; an item is recorded by the stage that it reaches in the window.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.fast import steps
from sim.fast.compiled import compiled
from sim.fast.draws import Stream
from sim.fast.histogram import bin_of
from sim.fast.kernel import depart, pass_gate
from sim.fast.source import Source, come
from sim.fast.steps import MASK, Picks, Times, turned
from sim.fast.watermark import Items, put
from sim.workload.samplers import FloatArray, IntArray

HOPS = (
    *("uplink", "gateway", "log", "fetch", "queue", "store", "route", "rpc", "push", "downlink", "delivery", "ack"),
    *("receipt_gateway", "receipt_fetch", "receipt_queue", "receipt_push", "receipt"),
)
_UPLINK, _GATEWAY, _LOG, _FETCH, _QUEUE, _STORE, _ROUTE, _RPC, _PUSH, _DOWNLINK, _DELIVERY, _ACK = range(12)
_RECEIPT_GATEWAY, _RECEIPT_FETCH, _RECEIPT_QUEUE, _RECEIPT_PUSH, _RECEIPT = range(12, 17)


class Bank(NamedTuple):
    """Servers of one stage, one a shard: when each is free, its gate last opened, how long it worked; one stream."""

    free_s: FloatArray
    open_s: FloatArray
    busy_s: FloatArray
    stream: Stream


class Book(NamedTuple):
    """What was seen: counts (hop, bin) and sums (hop,) of what came in `window_s` (start, end)."""

    counts: IntArray
    sums_s: FloatArray
    window_s: FloatArray


@compiled
def _note(book: Book, hop: int, value_s: float) -> None:
    book.counts[hop, bin_of(value_s)] += 1
    book.sums_s[hop] += value_s


@compiled
def _send(out: Items, book: Book, time_s: float, born_s: float, route: int) -> None:
    """On the way, unless it would arrive after the end of the window: nobody would ever take it."""
    if time_s <= book.window_s[1]:
        put(out, time_s, born_s, route)


@compiled
def accept(
    source: Source, until_s: float, most: int, bank: Bank, picks: Picks, times: Times, book: Book, out: Items
) -> None:
    """Messages reach the senders' gateways and go on to the log, at most `most` of them, so that `out` has room."""
    for _ in range(most):
        now_s = source.next_s[0]
        if now_s > until_s:
            return
        come(source)
        route, uplink_s, inside_s, downlink_s, service_s, log_s = steps.accept(bank.stream, picks, times)
        gateway, broker = route & MASK, (turned(route) & MASK) % picks.brokers
        left_s = depart(bank.free_s, gateway, now_s, service_s)
        sent_s = left_s
        if times.linger_s > 0:
            sent_s = pass_gate(bank.open_s, gateway * picks.brokers + broker, left_s, times.linger_s, 0.0)
        logged_s, born_s = sent_s + log_s, now_s - inside_s - uplink_s
        if now_s > book.window_s[0]:
            bank.busy_s[gateway] += service_s
            _note(book, _UPLINK, uplink_s)
            _note(book, _GATEWAY, inside_s + (left_s - now_s))
            _note(book, _LOG, logged_s - left_s)
            _note(book, _ACK, logged_s + downlink_s - born_s)
        _send(out, book, logged_s, born_s, turned(route))


@compiled
def deliver(
    due: Items, start: int, bank: Bank, viral: Stream, picks: Picks, times: Times, book: Book, out: Items
) -> int:
    """A partition's worker fetches, stores, routes and pushes its records one after another, each to all recipients.

    Serves from `start` on until all are served or `out` could be too small for one more; returns where it stopped.
    The viral group's partition draws from a stream of its own: what its worker cannot begin before the end of the
    window shows nowhere and is left out, and nobody else's draws notice.
    """
    most = max(len(picks.recipients.other), picks.hot_recipients)
    for at in range(start, due.used[0]):
        if out.used[0] + most > len(out.time_s):
            return at
        now_s, born_s, partition = due.time_s[at], due.born_s[at], due.route[at] & MASK
        is_viral = picks.hot_chance > 0 and partition == 0
        if is_viral and bank.free_s[partition] > book.window_s[1]:
            continue
        stream = viral if is_viral else bank.stream
        recipients, route, store_s, service_s = steps.deliver(stream, due.route[at], picks, times)
        polled_s = pass_gate(bank.open_s, partition, now_s, 0.0, times.fetch_s)
        left_s = depart(bank.free_s, partition, polled_s, service_s)
        seen = now_s > book.window_s[0]
        if seen:
            bank.busy_s[partition] += service_s
            _note(book, _FETCH, polled_s - now_s)
            _note(book, _QUEUE, max(0.0, left_s - service_s - polled_s))
            _note(book, _STORE, store_s)
            _note(book, _ROUTE, service_s - store_s)
        for _ in range(recipients):
            gateway, rpc_s = steps.address(stream, picks, times)
            if seen:
                _note(book, _RPC, rpc_s)
            _send(out, book, left_s + rpc_s, born_s, (route & ~MASK) | gateway)
    return int(due.used[0])


@compiled
def push(due: Items, bank: Bank, times: Times, book: Book, out: Items) -> None:
    """The recipients' gateways write deliveries to sockets; each device answers with a receipt at once."""
    for at in range(due.used[0]):
        now_s, gateway = due.time_s[at], due.route[at] & MASK
        service_s, downlink_s, back_s = steps.push(bank.stream, times)
        left_s = depart(bank.free_s, gateway, now_s, service_s)
        delivered_s = left_s + downlink_s
        if now_s > book.window_s[0]:
            bank.busy_s[gateway] += service_s
            _note(book, _PUSH, left_s - now_s)
            _note(book, _DOWNLINK, downlink_s)
            _note(book, _DELIVERY, delivered_s - due.born_s[at])
        _send(out, book, delivered_s + back_s, delivered_s, due.route[at])


@compiled
def read(source: Source, until_s: float, most: int, stream: Stream, picks: Picks, times: Times, out: Items) -> None:
    """Read receipts on their way into the recipients' gateways, at most `most` of them."""
    for _ in range(most):
        now_s = source.next_s[0]
        if now_s > until_s:
            return
        come(source)
        route, back_s = steps.read(stream, picks, times)
        put(out, now_s, now_s - back_s, route)


@compiled
def receive(due: Items, bank: Bank, picks: Picks, times: Times, book: Book, out: Items) -> None:
    """The recipients' gateways pass receipts to the log."""
    for at in range(due.used[0]):
        now_s, route = due.time_s[at], due.route[at]
        gateway, broker = route & MASK, (turned(route) & MASK) % picks.brokers
        service_s, log_s = steps.receive(bank.stream, times)
        left_s = depart(bank.free_s, gateway, now_s, service_s)
        sent_s = left_s
        if times.linger_s > 0:
            sent_s = pass_gate(bank.open_s, gateway * picks.brokers + broker, left_s, times.linger_s, 0.0)
        if now_s > book.window_s[0]:
            bank.busy_s[gateway] += service_s
            _note(book, _RECEIPT_GATEWAY, left_s - now_s)
        _send(out, book, sent_s + log_s, due.born_s[at], turned(route))


@compiled
def hand_back(due: Items, bank: Bank, times: Times, book: Book, out: Items) -> None:
    """A receipt partition's worker writes each receipt and looks up where the sender is connected."""
    for at in range(due.used[0]):
        now_s, partition = due.time_s[at], due.route[at] & MASK
        service_s, rpc_s = steps.hand_back(bank.stream, times)
        polled_s = pass_gate(bank.open_s, partition, now_s, 0.0, times.fetch_s)
        left_s = depart(bank.free_s, partition, polled_s, service_s)
        if now_s > book.window_s[0]:
            bank.busy_s[partition] += service_s
            _note(book, _RECEIPT_FETCH, polled_s - now_s)
            _note(book, _RECEIPT_QUEUE, left_s - polled_s)
        _send(out, book, left_s + rpc_s, due.born_s[at], turned(due.route[at]))


@compiled
def see(due: Items, bank: Bank, times: Times, book: Book) -> None:
    """The senders' gateways write receipts to sockets; `due.time_s` becomes when the sender sees each."""
    for at in range(due.used[0]):
        now_s, gateway = due.time_s[at], due.route[at] & MASK
        service_s, downlink_s = steps.see(bank.stream, times)
        left_s = depart(bank.free_s, gateway, now_s, service_s)
        due.time_s[at] = left_s + downlink_s
        if now_s > book.window_s[0]:
            bank.busy_s[gateway] += service_s
            _note(book, _RECEIPT_PUSH, left_s - now_s)
            _note(book, _RECEIPT, due.time_s[at] - due.born_s[at])
