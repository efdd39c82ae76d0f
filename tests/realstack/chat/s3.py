"""An S3 server on loopback: rclone's, which keeps objects as files and checks every signature."""

from __future__ import annotations

import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from realstack.servers.ports import HOST, answers, free_ports

BUCKET = "media"
KEY, SECRET = "chat", "hunter2-of-the-object-store"
READY_LIMIT_S = 20.0


@dataclass(frozen=True)
class S3Server:
    """A running server, whose objects are the files of a folder."""

    bucket: Path
    address: str

    @property
    def environment(self) -> dict[str, str]:
        """What a client of S3 reads, the key among it."""
        return {
            "AWS_ENDPOINT_URL": f"http://{self.address}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A server with a bucket in this folder, until the end of the block."""
    bucket = folder / BUCKET
    bucket.mkdir()
    [port] = free_ports(1)
    command = [str(Path(sysconfig.get_path("scripts"), "rclone")), "serve", "s3", str(folder), "--config", ""]
    options = ["--addr", f"{HOST}:{port}", "--auth-key", f"{KEY},{SECRET}"]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline_s = time.monotonic() + READY_LIMIT_S
            while not answers(HOST, port):
                assert server.poll() is None, f"rclone ended with status {server.returncode}"
                assert time.monotonic() < deadline_s
                time.sleep(0.02)
            yield S3Server(bucket, f"{HOST}:{port}")
        finally:
            server.kill()
