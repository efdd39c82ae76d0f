"""The model side of chatscale: the contracts every room speaks, the people, the engines and the plan.

    scenario.toml ──► Scenario ──► workload ──► Trace ──► engine ──► History
                          └──────► plan

Nothing here knows a real server. `realstack` writes the same History from the same Trace, and
`reports` judges either without knowing which world it came from.
"""
