"""The fast engine: the feed-forward path of the full-size system, every message, compiled.

kernel       first come, first served, by recursion
watermark    chunks of time that change nothing
path         the stages of a message, `steps` what it draws there
source       arrivals whose rate may change
layout       how many shards of each kind, by the plan
production   what each step takes, with its sources
registry     Redis: heartbeats, look-ups, presence
scaling      which shards a scaled run keeps
flow         what every shard is offered and carries; `load` how busy it was
full         a minute of everything, or by `timeline` a run with its bursts; `result` what it found
day          24 hours from sampled windows; `day_result` what they say
event_path   the same path event by event, to hold the fast one against
pipeline     three servers in a row in this engine, SimPy and Ciw
"""
