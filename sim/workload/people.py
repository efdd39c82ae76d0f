"""People: one SimPy process a person, one for each habit while online. Time is whole nanoseconds.

    live ──► connect ─┬─ write      ──► send ──► those who see it: read, after a while
                      ├─ browse     ──► open
                      ├─ keep_alive ──► heartbeat
                      └─ end of the session ──► disconnect | crash,  later connect again

A session in the background only keeps alive, and so does a second device; of what its owner writes while it is
connected, half is written on it. Members of the viral group write to it besides what they write anyway.

Whoever is online when the run ends is left online.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import simpy

from sim.scenario import Scenario
from sim.trace import Action, Trace
from sim.workload.conversations import Membership, Preference, draw_membership, with_viral_group
from sim.workload.drops import with_drops
from sim.workload.gaps import gaps_s
from sim.workload.samplers import FloatArray, activities, text_size_bytes
from sim.workload.scripted import scripted_actions
from sim.workload.sessions import Session, draw_second_sessions, draw_sessions
from sim.workload.streams import Streams
from sim.workload.surges import draw_clock

Process = Generator[simpy.Event, Any, Any]

# First heartbeats are advanced by up to this part of the interval, lest devices that connect together beat together
# for ever. Advanced, not delayed: a heartbeat never comes later than the interval says.
_PHASE_SPREAD = 0.02
_PHASES = 50


def make_trace(scenario: Scenario, seed: int | None = None) -> Trace:
    """What the people of the box do in one run. The same scenario and seed (default `run.seed`) give the same bytes.

    The expected number of messages is `box_messages_per_s` × `duration_s`, and what surges bring, given who is online
    when: what people cannot send while they are still connecting is sent later. A scenario with a script has no crowd.
    """
    seed = scenario.run.seed if seed is None else seed
    streams = Streams.of(seed)
    if scenario.script:
        return Trace.of(scripted_actions(scenario.script, streams), seed, scenario.run.duration_s)
    usual = draw_membership(scenario, streams)
    membership = with_viral_group(scenario, streams, usual) if scenario.traffic.hot_share else usual
    sessions = with_drops(scenario, draw_sessions(scenario, streams), streams.drops)
    people = _People(scenario, streams, usual, membership, sessions)
    people.second_devices(draw_second_sessions(scenario, streams))
    joins = [Action(0, "join", u, c) for u, c in zip(membership.user.tolist(), membership.conv.tolist(), strict=True)]
    return Trace.of([*joins, *people.live()], seed, scenario.run.duration_s)


class _People:
    def __init__(
        self,
        scenario: Scenario,
        streams: Streams,
        usual: Membership,
        membership: Membership,
        sessions: Sequence[Sequence[Session]],
    ) -> None:
        self._scenario, self._streams, self._sessions = scenario, streams, sessions
        self._clock = draw_clock(scenario, streams.shocks)
        self._heartbeat_ns = round(scenario.design.heartbeat_s * 1e9)
        self._read_mu = math.log(scenario.people.read_delay_median_s)
        self._members = membership.users_by_conv
        viral = self._members[len(usual.sizes) :]
        messages, self._rates_per_s, self._viral_rates_per_s = self._sending(viral[0] if viral else [])
        self._preference = Preference(scenario, usual, messages)
        self._env = simpy.Environment()
        # Users who are online in the foreground, each with the conversations that they are about to read.
        self._online: dict[int, set[int]] = {}
        # Users whose second device is connected.
        self._beside: set[int] = set()
        self._cseq: Counter[tuple[int, int, int]] = Counter()
        self._actions: list[Action] = []

    def second_devices(self, sessions: Mapping[int, Sequence[Session]]) -> None:
        """These users have a second device, with these sessions."""
        for user, of_device in sessions.items():
            self._env.process(self._device(user, of_device))

    def _device(self, user: int, sessions: Sequence[Session]) -> Process:
        for session in sessions:
            yield self._env.timeout(session.start_ns - self._env.now)
            self._act("connect", user, device=1)
            self._beside.add(user)
            self._env.process(self._keep_alive(user, session.end_ns, device=1))
            yield self._env.timeout(session.end_ns - self._env.now)
            self._beside.discard(user)
            self._act("crash" if session.crashes else "disconnect", user, device=1)

    def live(self) -> list[Action]:
        """Everything that everybody does until the end of the run, in order of time."""
        for user, sessions in enumerate(self._sessions):
            self._env.process(self._person(user, sessions))
        self._env.run(until=round(self._scenario.run.duration_s * 1e9))
        return self._actions

    def _sending(self, viral: Sequence[int]) -> tuple[FloatArray, list[float], dict[int, float]]:
        """Messages that each user is expected to send in the run but for those to the viral group, the user's rate of
        these at the mean of the day (1/s), and the rates at which its members write to the viral group.
        """
        activity = activities(self._streams.activity, len(self._sessions), self._scenario.people.activity_sigma)
        volumes_s = np.array([self._volume_s(sessions) for sessions in self._sessions])
        expected, hot_share = self._scenario.box_messages_per_s * self._clock.total_s, self._scenario.traffic.hot_share
        rates = _rates_per_s(activity, volumes_s, expected * (1 - hot_share))
        hot = _rates_per_s(activity[viral], volumes_s[viral], expected * hot_share).tolist() if viral else []
        return rates * volumes_s, rates.tolist(), dict(zip(viral, hot, strict=True))

    def _volume_s(self, sessions: Sequence[Session]) -> float:
        """Time in the foreground on the clock of the traffic; never 0, lest nobody is there to send in the dead of
        night.
        """
        volume_s = self._clock.volume_s
        parts = [volume_s(s.end_ns / 1e9) - volume_s(s.start_ns / 1e9) for s in sessions if s.foreground]
        return math.fsum([*parts, 1e-9])

    def _person(self, user: int, sessions: Sequence[Session]) -> Process:
        for session in sessions:
            yield self._env.timeout(session.start_ns - self._env.now)
            self._act("connect", user)
            if session.foreground:
                self._online[user] = set()
            for habit in self._habits(user, session):
                self._env.process(habit)
            yield self._env.timeout(session.end_ns - self._env.now)
            self._online.pop(user, None)
            self._act("crash" if session.crashes else "disconnect", user)

    def _habits(self, user: int, session: Session) -> Iterator[Process]:
        end_ns = session.end_ns
        if session.foreground:
            yield self._write(user, end_ns)
            yield self._browse(user, end_ns)
        yield self._keep_alive(user, end_ns)
        if session.foreground and user in self._viral_rates_per_s:
            yield self._write_to_viral_group(user, end_ns)

    def _write(self, user: int, end_ns: int) -> Process:
        for wait_ns in self._waits_ns(self._streams.gaps, self._rates_per_s[user], end_ns):
            yield self._env.timeout(wait_ns)
            self._send(user, self._preference.pick(user, self._streams.targets.random()))

    def _write_to_viral_group(self, user: int, end_ns: int) -> Process:
        for wait_ns in self._waits_ns(self._streams.viral_gaps, self._viral_rates_per_s[user], end_ns):
            yield self._env.timeout(wait_ns)
            self._send(user, len(self._members) - 1)

    def _waits_ns(self, rng: np.random.Generator, rate_per_s: float, end_ns: int) -> Iterator[int]:
        """Until the next message, again and again, until none is left before `end_ns`."""
        volume_s = self._clock.volume_s(self._env.now / 1e9)
        for gap_s in gaps_s(rng, rate_per_s, self._scenario.people.burstiness):
            volume_s += gap_s
            next_ns = max(self._env.now, round(self._clock.time_s(volume_s) * 1e9))
            if next_ns >= end_ns:
                return
            yield int(next_ns - self._env.now)

    def _send(self, user: int, conv: int) -> None:
        traffic = self._scenario.traffic
        device = int(user in self._beside and self._streams.devices.random() < 0.5)
        self._cseq[user, conv, device] += 1
        size_bytes = text_size_bytes(self._streams.texts, traffic.text_letters_mu, traffic.text_letters_sigma)
        uuid = str(UUID(bytes=self._streams.uuids.bytes(16), version=4))
        self._act("send", user, conv, uuid, self._cseq[user, conv, device], size_bytes, device)
        for reader in self._members[conv]:
            unread = self._online.get(reader)
            if reader != user and unread is not None and conv not in unread:
                unread.add(conv)
                self._env.process(self._read(reader, conv, unread))

    def _read(self, user: int, conv: int, unread: set[int]) -> Process:
        delay_s = self._streams.reads.lognormal(self._read_mu, self._scenario.people.read_delay_sigma)
        yield self._env.timeout(round(delay_s * 1e9))
        unread.remove(conv)
        # A later session has a set of its own.
        if self._online.get(user) is unread:
            self._act("read", user, conv)

    def _browse(self, user: int, end_ns: int) -> Process:
        opens_per_s = self._scenario.people.opens_per_s
        while opens_per_s > 0:
            gap_ns = self._streams.opens.exponential(1e9 / opens_per_s)
            if self._env.now + gap_ns >= end_ns:
                return
            yield self._env.timeout(round(gap_ns))
            self._act("open", user, self._preference.pick(user, self._streams.opens.random()))

    def _keep_alive(self, user: int, end_ns: int, device: int = 0) -> Process:
        advance = _PHASE_SPREAD * (user % _PHASES) / _PHASES
        gap_ns = round(self._heartbeat_ns * (1 - advance))
        while self._env.now + gap_ns < end_ns:
            yield self._env.timeout(gap_ns)
            self._act("heartbeat", user, device=device)
            gap_ns = self._heartbeat_ns

    def _act(
        self,
        action: str,
        user: int,
        conv: int = -1,
        uuid: str = "",
        cseq: int = 0,
        size_bytes: int = 0,
        device: int = 0,
    ) -> None:
        self._actions.append(Action(int(self._env.now), action, user, conv, uuid, cseq, size_bytes, device))


def _rates_per_s(activity: FloatArray, volumes_s: FloatArray, expected: float) -> FloatArray:
    """Rates proportional to activity that give the expected number of messages in those volumes."""
    # fsum is exact: the order in which a processor's vector unit would add does not reach the trace.
    return activity * (expected / math.fsum((activity * volumes_s).tolist()))
