"""The plan: closed-form sizing of the full-size system, every number with its provenance.

Scenario ──► given + parameters ──► traffic ──► gateways, kafka, cassandra, redis ──► Plan
                                                budget (500 ms, hop by hop)
                                                document (the design document, claim by claim)
"""

from sim.plan.claim import Claim
from sim.plan.line import PlanLine
from sim.plan.plan import COMPONENTS, HEADLINE, Plan, plan

__all__ = ["COMPONENTS", "HEADLINE", "Claim", "Plan", "PlanLine", "plan"]
