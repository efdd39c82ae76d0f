"""Real Kafka, Cassandra and Redis for a run: from packages, images or at an address, ready, and gone afterwards.

    with start_servers("local", folder) as servers:
        servers.addresses.kafka             "127.0.0.1:40123"
        servers.services["kafka"].pause()
        servers.scope.spawn("gateway-1", …)
        servers.check()

service.py            the protocol that every server follows
local.py              processes of this machine: kafka.py, cassandra.py, redis.py on local_service.py and jvm.py;
                      of a cluster each at its place.py, Redis watched by sentinel.py
containers.py         containers of official images: container_service.py on engine.py
external.py           servers at given addresses (addresses.py)
process.py, guard.py  processes that no run leaves behind
jars.py, java.py      what the Java servers run from, archive.py what makes their start quick
doctor.py             what a machine has and lacks
"""

from realstack.servers.addresses import Addresses
from realstack.servers.process import ManagedProcess, ProcessScope
from realstack.servers.service import Service
from realstack.servers.start import Servers, start_servers

__all__ = ["Addresses", "ManagedProcess", "ProcessScope", "Servers", "Service", "start_servers"]
