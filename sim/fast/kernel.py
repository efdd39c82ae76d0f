"""First come, first served, by recursion: when each customer leaves, from arrivals, services and the servers' state.

    c = 1   leaves = max(arrives, free) + service          Lindley 1952, with `free` carried on
    c > 1   the same with the server that is free first    Kiefer and Wolfowitz 1955

Customers come in the order of their arrival. The arithmetic is that of an event-by-event simulation (start at the later
of two times, add the service), so departures equal those of `simpy.Resource` to the bit. The state outlives a call:
arrivals may come in any number of pieces.
"""

from __future__ import annotations

import numpy as np

from sim.fast.compiled import compiled
from sim.workload.samplers import FloatArray, IntArray


@compiled
def depart(free_s: FloatArray, server: int, arrival_s: float, service_s: float) -> float:
    """When one customer leaves a single server; `free_s[server]` is when it is free, before and after."""
    left_s: float = max(arrival_s, free_s[server]) + service_s
    free_s[server] = left_s
    return left_s


@compiled
def pass_gate(open_s: FloatArray, door: int, arrival_s: float, linger_s: float, cycle_s: float) -> float:
    """When one record goes through a gate that lets everything through that waits, then shuts.

    It opens `linger_s` after the first that waits, and at least `cycle_s` after it last opened: a producer's linger,
    or a consumer whose next fetch follows the answer to the last. `open_s[door]` is its latest opening.
    """
    if arrival_s > open_s[door]:
        open_s[door] = max(arrival_s + linger_s, open_s[door] + cycle_s)
    return float(open_s[door])


@compiled
def depart_pool(heap_s: FloatArray, arrival_s: float, service_s: float) -> float:
    """When one customer leaves a pool; `heap_s` holds when each server is free, as a binary heap, earliest first."""
    left_s: float = max(arrival_s, heap_s[0]) + service_s
    place, size = 0, len(heap_s)
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap_s[child + 1] < heap_s[child]:
            child += 1
        if heap_s[child] >= left_s:
            break
        heap_s[place] = heap_s[child]
        place = child
    heap_s[place] = left_s
    return left_s


@compiled
def fifo(arrivals_s: FloatArray, services_s: FloatArray, heap_s: FloatArray) -> FloatArray:
    """Departures in order of arrival from one queue before `len(heap_s)` servers, all free at the times in `heap_s`."""
    departures_s = np.empty_like(arrivals_s)
    for customer in range(len(arrivals_s)):
        departures_s[customer] = depart_pool(heap_s, arrivals_s[customer], services_s[customer])
    return departures_s


@compiled
def fifo_shards(arrivals_s: FloatArray, shards: IntArray, services_s: FloatArray, free_s: FloatArray) -> FloatArray:
    """Departures from single servers side by side, one a shard; `shards` says whose customer each is."""
    departures_s = np.empty_like(arrivals_s)
    for customer in range(len(arrivals_s)):
        departures_s[customer] = depart(free_s, shards[customer], arrivals_s[customer], services_s[customer])
    return departures_s
