"""Cassandra as one local process: a single node with one token, without the waits that a ring needs."""

from __future__ import annotations

import os
from pathlib import Path

from realstack.servers import jars
from realstack.servers.java import Java
from realstack.servers.ports import HOST
from realstack.servers.probes import probe_cassandra
from realstack.servers.process import ProcessScope
from realstack.servers.service import TEMPLATES_FOLDER, LocalService, Ports, write_template

HEAP = "1g"
# Java 17 hides these from Cassandra, which uses them; the list is that of its own jvm17-server.options.
EXPORTS = """
java.base/jdk.internal.misc java.base/java.lang.ref java.management.rmi/com.sun.jmx.remote.internal.rmi
java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql jdk.unsupported/sun.misc
""".split()
OPENS = """
java.base/java.lang java.base/java.lang.module java.base/java.io java.base/java.nio java.base/java.util
java.base/java.util.concurrent java.base/java.util.concurrent.atomic java.base/jdk.internal.loader
java.base/jdk.internal.ref java.base/jdk.internal.reflect java.base/jdk.internal.math java.base/jdk.internal.module
java.base/jdk.internal.util.jar java.base/sun.nio.ch jdk.management/com.sun.management.internal
""".split()
SINGLE_NODE = (
    "-Dcassandra.ring_delay_ms=0",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
)


class LocalCassandra(LocalService):
    """Cassandra from the jars of the cache."""

    name = "cassandra"

    def __init__(self, scope: ProcessScope, folder: Path, java: Java, class_path: list[Path]) -> None:
        super().__init__(scope, folder)
        self._java = java
        self._class_path = class_path

    @property
    def version(self) -> str:
        """The pinned version."""
        return jars.version("cassandra")

    def command(self, ports: Ports) -> list[str]:
        """See `LocalService`."""
        config = self.data.with_name("cassandra.yaml")
        write_template("cassandra.yaml", config, host=HOST, ports=ports, data=self.data)
        return [
            str(self._java.path),
            f"-Xms{HEAP}",
            f"-Xmx{HEAP}",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            *(f"--add-exports={each}=ALL-UNNAMED" for each in EXPORTS),
            *(f"--add-opens={each}=ALL-UNNAMED" for each in OPENS),
            "-Djdk.attach.allowAttachSelf=true",
            "-Dcassandra-foreground=yes",
            f"-Dcassandra.config={config.as_uri()}",
            f"-Dcassandra.storagedir={self.data}",
            *SINGLE_NODE,
            f"-Dlogback.configurationFile={TEMPLATES_FOLDER / 'logback.xml'}",
            "-cp",
            os.pathsep.join(map(str, self._class_path)),
            "org.apache.cassandra.service.CassandraDaemon",
        ]

    def probe(self, port: int) -> None:
        """See `LocalService`."""
        probe_cassandra(HOST, port)
