"""Real Kafka, Cassandra and Redis for a run: started from packages or given by address, ready, and gone afterwards.

    with start_servers("local", folder) as servers:
        servers.addresses.kafka             "127.0.0.1:40123"
        servers.services["kafka"].pause()
        servers.scope.spawn("gateway-1", …)
        servers.check()

service.py    the protocol of a server, and the base of local ones: kafka.py, cassandra.py, redis.py
external.py   servers at given addresses (addresses.py)
process.py    processes that no run leaves behind (guard.py)
jars.py, java.py   what the Java servers are run from; doctor.py tells what a machine lacks
"""

from realstack.servers.addresses import Addresses
from realstack.servers.process import ManagedProcess, ProcessScope
from realstack.servers.service import Service
from realstack.servers.start import Servers, start_servers

__all__ = ["Addresses", "ManagedProcess", "ProcessScope", "Servers", "Service", "start_servers"]
