"""Engines: from a Trace to a History without servers.

reference   SimPy: everything, at the size of the box
stations    cores, event loops, thread pools
injector    faults, as the scenario has them
profile     what each operation costs; `box` holds the default
calibrate   a profile from a real run at low load
"""

from sim.engine.box import BOX
from sim.engine.calibrate import calibrate
from sim.engine.profile import Profile
from sim.engine.reference import simulate

__all__ = ["BOX", "Profile", "calibrate", "simulate"]
