"""A Scenario: who chats, how much, on what design, at what scale, and what must hold.

A scenario is a TOML file read once at the boundary (`sim.scenario_file`) into these frozen models.
Keys in the file carry units in their values (`messages = "100bn/day"`); attributes carry them in
their names (`messages_per_s`).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sim.design import Design
from sim.units import Count, DurationS, RatePerS, Ratio, Share, SizeBytes

LATENCIES = ("delivery", "ack", "receipt")
STATISTICS = ("mean", "p50", "p95", "p99", "p999", "max")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Population(_Part):
    """The people of the full-size system."""

    users: Count = Field(description="accounts", gt=0)
    connected: Share = Field(0.316, description="share of users that hold an open socket", gt=0)


class Traffic(_Part):
    """What the people send, at full size."""

    messages_per_s: RatePerS = Field(alias="messages", gt=0, description="messages sent, mean over a day")
    daily_peak: float = Field(1.5, ge=1, le=12, description="rate of the busiest minute over the mean of the day")
    event_peak: float = Field(5.0, ge=1, le=50, description="rate of an exceptional minute over the mean of the day")
    group_share: Share = Field(0.15, description="share of messages that go to a group")
    group_size_median: float = Field(6.0, ge=3, description="members of a group, median of a log-normal")
    group_size_sigma: float = Field(1.0, ge=0, le=3)
    group_size_max: int = Field(256, ge=3, le=1024, description="members of the largest group")
    popularity: float = Field(1.0, ge=0, le=2, description="Zipf exponent of conversation popularity")
    text_letters_mu: float = Field(2.83, description="log-normal mu of a text's length in letters")
    text_letters_sigma: float = Field(1.15, ge=0, le=3)
    media_share: Share = Field(0.10, description="share of messages that refer to media")


class People(_Part):
    """How people behave while they are online."""

    session_median_s: DurationS = Field(600.0, alias="session_median", gt=0, description="time a socket stays open")
    session_sigma: float = Field(1.0, ge=0, le=3)
    crash_share: Share = Field(0.2, description="share of sessions that end without a goodbye")
    activity_sigma: float = Field(1.2, ge=0, le=3, description="log-normal sigma of how much one person sends")
    opens_per_s: RatePerS = Field(0.02, alias="opens", description="conversations opened by one online person")
    read_delay_median_s: DurationS = Field(5.0, alias="read_delay_median", gt=0, description="delivery to read")
    read_delay_sigma: float = Field(1.0, ge=0, le=3)


class Storage(_Part):
    """How long and how large messages are kept."""

    retention_s: DurationS = Field(7 * 365.25 * 86_400, alias="retention")
    message_bytes: SizeBytes = Field(256.0, alias="message", gt=0, description="one message on disk, one replica")
    replication: int = Field(3, ge=1, le=5)


class Scale(_Part):
    """What part of the world the box carries: of the traffic and, apart from it, of the sockets."""

    messages: Ratio = 1e-4
    connections: Ratio = 1e-6


class Run(_Part):
    """How long the box runs. The curve of a whole day is replayed in `duration`."""

    duration_s: DurationS = Field(60.0, alias="duration", gt=0, le=3600)
    warm_up_s: DurationS = Field(10.0, alias="warm_up", description="first part, driven but not judged")
    seed: int = Field(7, ge=0)


def _known_threshold(name: str) -> str:
    if not re.fullmatch(rf"({'|'.join(LATENCIES)})_({'|'.join(STATISTICS)})", name):
        raise ValueError(f"expected <{'|'.join(LATENCIES)}>_<{'|'.join(STATISTICS)}>, such as delivery_p99")
    return name


ThresholdName = Annotated[str, AfterValidator(_known_threshold)]


class Scenario(_Part):
    """One question, answered by the plan, the model and the real stack."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="lower-case name, also the folder of its runs")
    description: str = ""
    kind: Literal["messenger"] = "messenger"
    population: Population
    traffic: Traffic
    people: People = People()
    storage: Storage = Storage()
    design: Design = Design()  # type: ignore[call-arg]  # the preset fills the rest
    scale: Scale = Scale()
    run: Run = Run()
    thresholds: dict[ThresholdName, DurationS] = Field(
        default={"delivery_p99": 0.5}, description="upper bounds on latencies, such as delivery_p99 = '500ms'"
    )

    @model_validator(mode="after")
    def _box_is_possible(self) -> Self:
        if self.run.warm_up_s >= self.run.duration_s:
            raise ValueError(
                f"run.warm_up ({self.run.warm_up_s:g} s) must be shorter than run.duration ({self.run.duration_s:g} s)"
            )
        if not 10 <= self.box_users <= 200_000:
            raise ValueError(
                f"scale.connections leaves {self.box_users:,} users on the box; choose one for 10 to 200,000"
            )
        if self.box_messages_per_s > 20_000:
            raise ValueError(
                f"scale.messages leaves {self.box_messages_per_s:,.0f} messages/s on the box; "
                "one box drives at most 20,000/s, choose a smaller ratio"
            )
        if self.design.heartbeat_s > self.design.presence_ttl_s:
            raise ValueError(
                f"design.heartbeat ({self.design.heartbeat_s:g} s) is longer than design.presence_ttl "
                f"({self.design.presence_ttl_s:g} s): everybody would always look offline"
            )
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
