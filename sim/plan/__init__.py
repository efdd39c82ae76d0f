"""The plan: closed-form sizing of the full-size system, every number with its provenance.

Scenario ──► given + parameters ──► traffic ──► gateways, workers, kafka, cassandra, redis ──► Plan
                                                budget (500 ms, hop by hop)
                                                storage, network ──+ prices──► cost
                                                document (the design document, claim by claim)

Things are sized for the mean of the day, the daily peak, the event peak, and the event peak with one of three zones
lost; the last is what is paid for. Every line carries the range that the ranges of its inputs allow.
"""

from sim.plan.claim import Claim
from sim.plan.line import PlanLine
from sim.plan.plan import COMPONENTS, HEADLINE, Plan, plan

__all__ = ["COMPONENTS", "HEADLINE", "Claim", "Plan", "PlanLine", "plan"]
