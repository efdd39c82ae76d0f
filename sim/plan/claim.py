"""A claim of the design document and what became of it; its numbers are lines of the plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Verdict = Literal["right", "corrected", "contradictory", "unstated"]

_KEY = re.compile(r"\{([a-z0-9_]+\.[a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the document says and what was found.

    right          holds as it stands
    corrected      a number or a mechanism is wrong, and the finding has the right one
    contradictory  it conflicts with something else that the document says
    unstated       a thing that the design needs and the document does not give

    A `{component.line}` in `finding` stands for that line of the plan, shown with its unit.
    """

    number: str
    claim: str
    verdict: Verdict
    finding: str

    @property
    def keys(self) -> tuple[str, ...]:
        """Lines of the plan that the finding quotes."""
        return tuple(_KEY.findall(self.finding))

    def quoted(self, shown: Mapping[str, str]) -> Claim:
        """The same claim with the lines put in. Raises KeyError for a line that does not exist."""
        return replace(self, finding=_KEY.sub(lambda match: shown[match[1]], self.finding))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"number": self.number, "claim": self.claim, "verdict": self.verdict, "finding": self.finding}
