"""Experiments: the model run many times to answer a question, each number with its interval.

executor     here, in processes, on a cluster: one interface, the same results
ledger       every answer is written down at once, and not computed again
laboratory   runs cases where it was told to, with a ledger
case         one run of the model: scenario, seeds; `measure` says what it showed, `overload` whether it kept up
point        one design in several replications
limit        the highest rate that keeps the thresholds
sweep        many designs, and the knee; `grid` reads a=1,2,4 and b=x..y
designs      two designs, paired
sensitivity  which assumption moves the answer most
"""
