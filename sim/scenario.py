"""A Scenario: who chats, how much, on what design, at what scale, and what must hold.

A scenario is a TOML file read once at the boundary (`sim.scenario_file`) into these frozen models; what
its values must be together is in `sim.scenario_rules`.
Keys in the file carry units in their values (`messages = "100bn/day"`); attributes carry them in
their names (`messages_per_s`).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sim.anomalies import ANOMALIES, must_be_anomaly
from sim.design import Design
from sim.faults import Fault
from sim.scenario_rules import contradictions
from sim.script import Step
from sim.units import DAY_S, YEAR_S, Count, DurationS, RatePerS, Ratio, Share, SizeBytes

Kind = Literal["messenger", "workspace", "guild"]
LATENCIES = ("delivery", "ack", "receipt")
STATISTICS = ("mean", "p50", "p95", "p99", "p999", "max")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Population(_Part):
    """The people of the full-size system."""

    users: Count = Field(description="accounts", gt=0, le=1e11)
    connected: Share = Field(0.316, description="share of users that hold an open socket", gt=0)
    second_device: Share = Field(
        0.0, description="share of users with a second device, such as a computer beside the phone, as often connected"
    )
    foreground: Share = Field(
        1.0, description="share of the connected who look at the screen: the others hold a socket and heartbeat", gt=0
    )


class Workspaces(_Part):
    """Every person is in exactly one workspace; pairs and channels lie within it."""

    size_median: float = Field(60.0, ge=3, le=1e6, description="people of a workspace, median of a log-normal")
    size_sigma: float = Field(1.5, ge=0, le=3)
    size_max: int = Field(10_000, ge=3, le=1_000_000, description="people of the largest workspace")


class Guilds(_Part):
    """Every person is in some guilds; all members of a guild are in each of its channels."""

    per_user: int = Field(3, ge=1, le=100, description="guilds that one person is in")
    channels: int = Field(3, ge=1, le=50, description="channels of a guild that are written to")


class Traffic(_Part):
    """What the people send, at full size."""

    messages_per_s: RatePerS = Field(alias="messages", gt=0, le=1e10, description="messages sent, mean over a day")
    daily_peak: float = Field(1.5, ge=1, le=12, description="rate of the busiest minute over the mean of the day")
    event_peak: float = Field(5.0, ge=1, le=50, description="rate of an exceptional minute over the mean of the day")
    group_share: Share = Field(0.15, description="share of messages that go to a group")
    group_size_median: float = Field(6.0, ge=3, description="members of a group, median of a log-normal")
    group_size_sigma: float = Field(1.0, ge=0, le=3)
    group_size_max: int = Field(
        256, ge=3, description="members of the largest group: at most 1,024, in workspaces 10,000, in guilds 100,000"
    )
    hot_share: Share = Field(0.0, le=0.9, description="share of all messages that go to one viral group of full size")
    popularity: float = Field(1.0, ge=0, le=2, description="Zipf exponent of conversation popularity")
    text_letters_mu: float = Field(2.83, ge=0, le=9, description="log-normal mu of a text's length in letters")
    text_letters_sigma: float = Field(1.15, ge=0, le=3)
    media_share: Share = Field(0.10, description="share of messages that refer to media")
    media_forward_share: Share = Field(0.20, description="share of media whose bytes somebody sent before")


class People(_Part):
    """How people behave while they are online."""

    session_median_s: DurationS = Field(
        600.0, alias="session_median", ge=0.1, le=YEAR_S, description="time a socket stays open"
    )
    session_sigma: float = Field(1.0, ge=0, le=3)
    crash_share: Share = Field(0.2, description="share of sessions that end without a goodbye")
    activity_sigma: float = Field(1.2, ge=0, le=3, description="log-normal sigma of how much one person sends")
    burstiness: float = Field(
        0.0,
        ge=0,
        le=0.8,
        description="of the gaps between one's messages, (CV − 1) / (CV + 1): 0 is exponential, above log-normal",
    )
    opens_per_s: RatePerS = Field(0.02, alias="opens", le=10, description="conversations opened by one online person")
    read_delay_median_s: DurationS = Field(
        5.0, alias="read_delay_median", gt=0, le=DAY_S, description="delivery to read"
    )
    read_delay_sigma: float = Field(1.0, ge=0, le=3)


class Shocks(_Part):
    """News that make everybody write more for a while: random times, so the messages are a Cox process."""

    rate_per_s: RatePerS = Field(0.0, alias="rate", le=1, description="shocks, a Poisson process")
    factor: float = Field(3.0, ge=1, le=100, description="everybody's rate over the usual one")
    lasts_s: DurationS = Field(5.0, alias="lasts", gt=0, le=3600, description="mean length, exponential")


class Burst(_Part):
    """A known minute at which everybody writes more, such as midnight. Several at once multiply."""

    at_s: DurationS = Field(alias="at", description="from the start of the run")
    lasts_s: DurationS = Field(alias="lasts", gt=0, le=3600)
    factor: float = Field(ge=1, le=100, description="everybody's rate over the usual one")


class Drop(_Part):
    """Sockets cut at once, gateway by gateway; their devices come back by exponential back-off with full jitter.

    Attempt n follows the one before after a uniform part of min(backoff_max, backoff · 2^n); the first one
    once `away` has passed succeeds.
    """

    at_s: DurationS = Field(alias="at", description="from the start of the run")
    share: Share = Field(gt=0, description="share of the gateways, hence of the sockets")
    away_s: DurationS = Field(0.0, alias="away", le=600, description="time in which no attempt succeeds")
    backoff_s: DurationS = Field(1.0, alias="backoff", ge=0.1, le=600, description="longest wait before the first try")
    backoff_max_s: DurationS = Field(60.0, alias="backoff_max", ge=1, le=3600, description="longest wait at all")


class Storage(_Part):
    """How long and how large messages are kept."""

    retention_s: DurationS = Field(7 * YEAR_S, alias="retention", le=1000 * YEAR_S)
    message_bytes: SizeBytes = Field(
        256.0, alias="message", gt=0, le=2**20, description="one message on disk, one replica"
    )
    replication: int = Field(3, ge=1, le=5)


class Scale(_Part):
    """What part of the world the box carries: of the traffic, of the sockets, and of what each medium weighs."""

    messages: Ratio = 1e-4
    connections: Ratio = 1e-6
    media: Ratio = Field(1e-2, description="of the bytes of each photo, video and voice message")


class Run(_Part):
    """How long the box runs. The curve of a whole day is replayed in `duration`."""

    duration_s: DurationS = Field(60.0, alias="duration", ge=0.1, le=3600)
    warm_up_s: DurationS = Field(10.0, alias="warm_up", description="first part, driven but not judged")
    seed: int = Field(7, ge=0)


def _known_threshold(name: str) -> str:
    if not re.fullmatch(rf"({'|'.join(LATENCIES)})_({'|'.join(STATISTICS)})", name):
        raise ValueError(f"expected <{'|'.join(LATENCIES)}>_<{'|'.join(STATISTICS)}>, such as delivery_p99")
    return name


ThresholdName = Annotated[str, AfterValidator(_known_threshold)]
Anomaly = Annotated[str, AfterValidator(must_be_anomaly), Field(json_schema_extra={"enum": list(ANOMALIES)})]
Reason = Annotated[str, Field(pattern=r"\S", description="why it breaks no promise")]


class Scenario(_Part):
    """One question, answered by the plan, the model and the real stack."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="lower-case name, also the folder of its runs")
    description: str = ""
    kind: Kind = Field("messenger", description="who can share a conversation: all, a workspace, or a guild")
    population: Population
    workspaces: Workspaces | None = Field(None, description="for kind = 'workspace'")
    guilds: Guilds | None = Field(None, description="for kind = 'guild'")
    traffic: Traffic
    people: People = People()
    shocks: Shocks = Shocks()
    bursts: tuple[Burst, ...] = ()
    drops: tuple[Drop, ...] = ()
    script: tuple[Step, ...] = Field((), description="an exact story; without one, people live as the rest says")
    faults: tuple[Fault, ...] = ()
    storage: Storage = Storage()
    design: Design = Design()  # type: ignore[call-arg]  # the preset fills the rest
    scale: Scale = Scale()
    run: Run = Run()
    thresholds: dict[ThresholdName, DurationS] = Field(
        default={"delivery_p99": 0.5}, description="upper bounds on latencies, such as delivery_p99 = '500ms'"
    )
    allowed: dict[Anomaly, Reason] = Field(
        default={}, description="anomalies that break no promise of this system, each with the reason; listed apart"
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if found := list(contradictions(self)):
            raise ValueError("\n".join(found))
        return self

    @property
    def box_users(self) -> int:
        """Users that live on the box."""
        return round(self.population.users * self.scale.connections)

    @property
    def box_connected(self) -> int:
        """Users of the box with an open socket at any time, at least one."""
        return max(1, round(self.box_users * self.population.connected))

    @property
    def box_messages_per_s(self) -> float:
        """Messages a second on the box, mean over the run."""
        return self.traffic.messages_per_s * self.scale.messages
