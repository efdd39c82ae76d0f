"""The fast engine: the feed-forward path of the full-size system, every message, compiled.

kernel       first come, first served, by recursion
watermark    chunks of time that change nothing
path         the stages of a message, `steps` what it draws there
layout       how many shards of each kind, by the plan
production   what each step takes, with its sources
registry     Redis: heartbeats, look-ups, presence
scaling      which shards a scaled run keeps
full         a minute of everything; `result` what it found
event_path   the same path event by event, to hold the fast one against
"""
