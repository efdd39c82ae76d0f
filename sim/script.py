"""A script: the exact story of a run, in the place of a crowd. Nothing happens that is not written down.

script = [
    {who = [1, 2, 3], does = "join", conv = 5},                  members, before the run
    {at = "1s", who = [1, 2, 3], does = "connect"},
    {at = "16s", who = [1, 2, 3], does = "heartbeat", times = 2, every = "15s"},
    {at = "3s", who = 1, does = "send", conv = 5},
    {at = "4s", who = 3, does = "crash"},                        the socket goes without a goodbye
]

What is done is what a trace knows (`sim.trace`). Users are numbers; user u comes to gateway-1 if u is a multiple of
the gateways, to gateway-2 if one is left over, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sim.units import DurationS

_IN_A_CONVERSATION = ("join", "send", "open", "read")


def _several(value: Any) -> Any:
    return [value] if isinstance(value, int) else value


_Number = Annotated[int, Field(ge=0, lt=2**31)]
_ONE_OR_SEVERAL = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}


class Step(BaseModel):
    """One line of a script: all of `who` do it, `times` times."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    at_s: DurationS = Field(0.0, alias="at", description="when, from the start of the run")
    who: Annotated[
        tuple[_Number, ...], Field(min_length=1), BeforeValidator(_several), WithJsonSchema(_ONE_OR_SEVERAL)
    ] = Field(description="numbers of the users")
    does: Literal["join", "connect", "disconnect", "crash", "heartbeat", "send", "open", "read"]
    conv: _Number | None = Field(None, description="number of the conversation, of what is done in one")
    times: int = Field(1, ge=1, le=10_000, description="how many times")
    every_s: DurationS = Field(0.0, alias="every", description="between one time and the next")
    size_bytes: int = Field(36, alias="bytes", ge=1, le=4096, description="length of the text of what is sent")

    @property
    def end_s(self) -> float:
        """When it is done for the last time."""
        return self.at_s + (self.times - 1) * self.every_s

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.conv is None) is (self.does in _IN_A_CONVERSATION):
            raise ValueError(f"{self.does} {'needs' if self.conv is None else 'has no'} 'conv'")
        if (self.times > 1) is not (self.every_s > 0):
            raise ValueError(f"'times' ({self.times}) and 'every' ({self.every_s:g} s) come together")
        if self.does == "join" and self.end_s > 0:
            raise ValueError(f"join is membership, and comes before the run: at 0 s, once, not until {self.end_s:g} s")
        return self


def misfits(script: Sequence[Step], duration_s: float) -> Iterator[str]:
    """What this run cannot have, one line each: what comes after its end, what is done by strangers."""
    members = {(step.conv, user) for step in script if step.does == "join" for user in step.who}
    for place, step in enumerate(script):
        if step.end_s >= duration_s:
            yield f"script.{place}.at: it goes on until {step.end_s:g} s, and the run ends at {duration_s:g} s"
        strangers = [user for user in step.who if step.conv is not None and (step.conv, user) not in members]
        if strangers:
            yield (
                f"script.{place}.conv ({step.conv}): user {strangers[0]} would {step.does} there without being a "
                f'member; add {{who = {strangers[0]}, does = "join", conv = {step.conv}}}'
            )
