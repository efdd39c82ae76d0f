"""Cassandra as a local process: a node with one token, alone or in a ring, without the waits of a ring of strangers.

In a ring all are seeds and each is given its token, so that they can start at the same time: none has to ask another
for its part, and nothing has to be streamed to an empty ring.
"""

from __future__ import annotations

from realstack.servers.jvm import JvmService
from realstack.servers.local_service import TEMPLATES_FOLDER, write_template
from realstack.servers.probes import probe_cassandra

# Java 17 hides these from Cassandra, which uses them; the list is that of its own jvm17-server.options.
EXPORTS = (
    "java.base/java.lang.ref",
    "java.base/jdk.internal.misc",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
)
OPENS = (
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "jdk.management/com.sun.management.internal",
)
AT_ONCE = (
    "-Dcassandra.ring_delay_ms=0",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
)


class LocalCassandra(JvmService):
    """Cassandra from the jars of the cache; a `durable` one acknowledges nothing that a kill could lose."""

    kind = "cassandra"
    heap = "1g"
    heap_of_member = "600m"
    # Its stage threads look for work by sleeping 10 µs at a time: at 400 messages a second that was half of all context
    # switches of the box and a fifth of a core. Slept longer, a request waits for them by a few milliseconds at most.
    timer_slack_s = 0.004
    durable = False

    def arguments(self) -> list[str]:
        """See `JvmService`."""
        config = self.data.with_name(f"{self.name}.yaml")
        write_template(
            "cassandra.yaml",
            config,
            place=self.place,
            members=self.members,
            token=_tokens(len(self.members))[self.place.number - 1],
            data=self.data,
            durable=self.durable,
        )
        return [
            *(f"--add-exports={each}=ALL-UNNAMED" for each in EXPORTS),
            *(f"--add-opens={each}=ALL-UNNAMED" for each in OPENS),
            "-Djdk.attach.allowAttachSelf=true",
            "-Dcassandra-foreground=yes",
            f"-Dcassandra.config={config.as_uri()}",
            f"-Dcassandra.storagedir={self.data}",
            *AT_ONCE,
            f"-Dlogback.configurationFile={TEMPLATES_FOLDER / 'logback.xml'}",
            "org.apache.cassandra.service.CassandraDaemon",
        ]

    def probe(self) -> None:
        """See `LocalService`."""
        probe_cassandra(self.place.host, self.place.ports.client, in_ring=not self._is_alone)


def _tokens(count: int) -> list[int]:
    """Tokens that divide the ring evenly."""
    return [number * 2**64 // count - 2**63 for number in range(count)]
