"""Cassandra as one local process: a single node with one token, without the waits that a ring needs."""

from __future__ import annotations

from realstack.servers.jvm import JvmService
from realstack.servers.local_service import TEMPLATES_FOLDER, Ports, write_template
from realstack.servers.ports import HOST
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
SINGLE_NODE = (
    "-Dcassandra.ring_delay_ms=0",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
)


class LocalCassandra(JvmService):
    """Cassandra from the jars of the cache; a `durable` one acknowledges nothing that a kill could lose."""

    name = "cassandra"
    heap = "1g"
    # Its stage threads look for work by sleeping 10 µs at a time: at 400 messages a second that was half of all context
    # switches of the box and a fifth of a core. Slept longer, a request waits for them by a few milliseconds at most.
    timer_slack_s = 0.004
    durable = False

    def arguments(self, ports: Ports) -> list[str]:
        """See `JvmService`."""
        config = self.data.with_name("cassandra.yaml")
        write_template("cassandra.yaml", config, host=HOST, ports=ports, data=self.data, durable=self.durable)
        return [
            *(f"--add-exports={each}=ALL-UNNAMED" for each in EXPORTS),
            *(f"--add-opens={each}=ALL-UNNAMED" for each in OPENS),
            "-Djdk.attach.allowAttachSelf=true",
            "-Dcassandra-foreground=yes",
            f"-Dcassandra.config={config.as_uri()}",
            f"-Dcassandra.storagedir={self.data}",
            *SINGLE_NODE,
            f"-Dlogback.configurationFile={TEMPLATES_FOLDER / 'logback.xml'}",
            "org.apache.cassandra.service.CassandraDaemon",
        ]

    def probe(self, port: int) -> None:
        """See `LocalService`."""
        probe_cassandra(HOST, port)
