"""The `config` event: what the checks must know to judge a history on its own, as JSON in its `detail`.

warm_up_s, duration_s    deliveries of messages meant before warm_up_s are driven but not judged for latency
design                   every design choice, by attribute name (heartbeat_s, presence_ttl_s, gap_hold_s, cursor …)
thresholds               name → seconds, such as {"delivery_p99": 0.5}
allowed                  anomaly → why this run may show it: found, told apart, and no violation
members                  conversation → its users, such as {"c5": ["u1", "u2"]}
"""

from __future__ import annotations

import json
from typing import Any

from sim.scenario import Scenario
from sim.trace import Trace


def config_event(scenario: Scenario, trace: Trace, t_ns: int = 0) -> dict[str, Any]:
    """The first event of a history of this scenario and trace."""
    detail = {
        "warm_up_s": scenario.run.warm_up_s,
        "duration_s": trace.duration_s,
        "design": scenario.design.model_dump(),
        "thresholds": dict(scenario.thresholds),
        "allowed": dict(scenario.allowed),
        "members": {f"c{conv}": [f"u{user}" for user in users] for conv, users in trace.members.items()},
    }
    return {"t_ns": t_ns, "kind": "config", "detail": json.dumps(detail)}
