"""The workload: a Scenario becomes a Trace, by letting people live for the length of the run.

    Scenario ─┬─► sessions        who is online when                     sessions.py, drops.py
              ├─► membership      who talks with whom                    conversations.py, circles.py
              ├─► traffic clock   how everybody's rate swings            day_curve.py, surges.py
              ├─► gaps            how bursty a single person is          gaps.py
              │        │
              │        ▼
              └─► people (SimPy)  connect, write, open, read, leave      people.py ──► Trace

A scenario that has a script tells an exact story instead: scripted.py.

Everything random comes from one stream a purpose (`streams.py`), so that changing, say, the length of texts leaves
every other row of the trace as it was.
"""

from sim.workload.people import make_trace

__all__ = ["make_trace"]
