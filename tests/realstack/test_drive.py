"""What the real stack refuses to drive."""

from __future__ import annotations

import pytest

from realstack.drive import refuse_faults
from sim.errors import UsageError
from sim.faults import Fault
from sim.scenario_file import load_scenario


def test_a_scenario_with_faults_is_refused_in_favour_of_the_model() -> None:
    scenario = load_scenario("ci-ordering")
    refuse_faults(scenario)
    pause = Fault.model_validate({"at": 5, "kind": "pause", "target": "redis", "for": 2})
    with pytest.raises(UsageError, match=r"ci-ordering has faults.*chatscale simulate ci-ordering"):
        refuse_faults(scenario.model_copy(update={"faults": (pause,)}))
