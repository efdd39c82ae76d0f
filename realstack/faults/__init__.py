"""Faults on the real stack: what a scenario's `[[faults]]` say is done to processes and connections, and undone.

    scenario.faults ─► Injector (a thread a fault) ─► Acts.begin ─► undo ─► fault.start, fault.stop in the history
                            │                          ├── processes   pause, kill: servers, gateways, workers
                            │                          ├── network     slow, partition, cut, lose-response: proxy.py
                            │                          └── clocks      skew: a gateway's own clock
                            └── healed ─► the driver drains, reads all, comes to its quiet end

injector.py   when each begins and ends; nothing that began outlives its block
acts.py       what each does, and how it is undone
proxy.py      the process between the backend and its servers: a passage.py for each connection;
              weather.py decides what passes, answers.py what an answer is
network.py    the injector's side of it

Heartbeats are lost where they would be in life, on the way from the device: the driver does that.
"""
