"""Images that stand in for the official ones where none can be pulled, under the same names.

They honour what is documented of the official images' environment and are made of what this machine has: its shell
and a few of its tools with their libraries, the Java, the jars and the redis-server of the local provider. Each
carries the label chatscale.stand-in, so that a test can say what it ran.

    kafka.sh        KAFKA_… to server.properties, KAFKA_HEAP_OPTS, KAFKA_JVM_PERFORMANCE_OPTS, CLUSTER_ID
    cassandra.sh    CASSANDRA_… to cassandra.yaml, MAX_HEAP_SIZE, HEAP_NEWSIZE, JVM_EXTRA_OPTS
    redis.sh        the command, without protected mode
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from realstack.servers.cassandra import EXPORTS, OPENS
from realstack.servers.containers import IMAGES
from realstack.servers.jars import class_path
from realstack.servers.java import find_java
from realstack.servers.redis import find_redis

HERE = Path(__file__).parent
LABEL = "chatscale.stand-in"
TOOLS = ("sh", "env", "sed", "tr", "cat", "mkdir")
SETTINGS = (
    "ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8",
    "VOLUME /data",
    'ENTRYPOINT ["sh", "/entrypoint.sh"]',
)
# What only a compiler or a linker needs of a whole JDK.
NOT_OF_A_JRE = "jmods"


def provide_images(engine: docker.DockerClient) -> dict[str, str]:
    """Which image each server has: the official one where it is here or can be pulled, else a stand-in built now."""
    return {name: _provide(engine, name, image) for name, image in IMAGES.items()}


def _provide(engine: docker.DockerClient, name: str, image: str) -> str:
    if not engine.images.list(name=image):
        try:
            engine.images.pull(image)
        except (DockerException, RequestException):
            build(engine, name, image)
    found = engine.images.get(image)
    return f"{image} ({'stand-in' if LABEL in found.labels else 'official'}, {found.short_id})"


def build(engine: docker.DockerClient, name: str, image: str) -> None:
    """Import a server's stand-in, a single layer, under the image's name."""
    with tempfile.TemporaryFile() as layer:
        with tarfile.open(fileobj=layer, mode="w") as tar:
            _add_text(tar, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
            tar.add(HERE / f"{name}.sh", "entrypoint.sh")
            for path in _files(name):
                _add_file(tar, path, str(path))
            _add_parts(tar, name)
        layer.seek(0)
        repository, _, tag = image.rpartition(":")
        engine.api.import_image_from_data(layer, repository, tag, [*SETTINGS, f"LABEL {LABEL}={name}"])


def _files(name: str) -> set[Path]:
    """Tools, and for the Java servers nothing more: Java itself is added as a folder."""
    tools = [Path(found) for tool in TOOLS if (found := shutil.which(tool))]
    programs = [*tools, find_redis().path] if name == "redis" else [*tools, *_java_binaries()]
    return {*tools, *_libraries(programs)}


@cache
def _java_home() -> Path:
    return find_java().path.resolve().parent.parent


def _java_binaries() -> list[Path]:
    return [_java_home() / "bin" / "java", *(_java_home() / "lib").rglob("*.so")]


def _libraries(programs: Iterable[Path]) -> set[Path]:
    """The shared libraries, the loader among them, that the programs are linked with and that the machine has."""
    found: set[Path] = set()
    for program in programs:
        told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        found.update(Path(match) for match in re.findall(r"(/\S+\.so\S*)", told))
    return {path for path in found if not path.is_relative_to(_java_home())}


def _add_parts(tar: tarfile.TarFile, name: str) -> None:
    if name == "redis":
        _add_file(tar, find_redis().path, "usr/local/bin/redis-server")
        return
    for folder, folders, files in os.walk(_java_home(), followlinks=True):
        folders[:] = [each for each in folders if each != NOT_OF_A_JRE]
        for path in (Path(folder, file) for file in files):
            if path.exists():  # a packaged Java links to certificates that may not be installed
                _add_file(tar, path, f"opt/java/{path.relative_to(_java_home())}")
    for jar in class_path(name, print):
        _add_file(tar, jar, f"opt/libs/{jar.name}")
    if name == "cassandra":
        options = [f"--add-exports={each}=ALL-UNNAMED" for each in EXPORTS]
        options += [f"--add-opens={each}=ALL-UNNAMED" for each in OPENS]
        _add_text(tar, "opt/jvm.options", "\n".join(options))


def _add_file(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """The file itself, where the path is a link."""
    entry = tar.gettarinfo(str(path.resolve()), name.lstrip("/"))
    with path.open("rb") as file:
        tar.addfile(entry, file)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text.encode())
    tar.addfile(entry, io.BytesIO(text.encode()))
