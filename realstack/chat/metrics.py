"""What a process counts, for Prometheus: one registry a process, named as its guide to names wants it.

gateway    sessions · frames by type · errors by code · pushes · append seconds
worker     messages by outcome · receipts · unfinished records · delivery seconds
pusher     notifications by outcome
media      answers by request and status · bytes by what became of them · answer seconds
all        the process itself: CPU, memory, file descriptors
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from realstack.chat.frames import ToGateway

# The thresholds of delivery and acknowledgement, 0.5 s and 0.2 s, are bounds: a share under them is exact.
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class _Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)


class GatewayMetrics(_Metrics):
    """Of one gateway; `sessions` is asked at each scrape."""

    def __init__(self) -> None:
        super().__init__()
        self._sessions = Gauge("chatscale_sessions", "Sessions now", registry=self.registry)
        frames = Counter("chatscale_frames", "Frames of devices", ["type"], registry=self.registry)
        # Found once: to look a label up costs more than to count.
        self._frames = {kind: frames.labels(kind.__struct_config__.tag) for kind in get_args(ToGateway)}
        self.errors = Counter("chatscale_errors", "Error frames to devices", ["code"], registry=self.registry)
        self.pushes = Counter("chatscale_pushes", "Frames pushed for workers", registry=self.registry)
        self.absent = Counter("chatscale_absent", "Pushes whose user was not here", registry=self.registry)
        self.append_s = Histogram(
            "chatscale_append_seconds",
            "From a message's arrival to its acknowledgement by the log",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def took(self, frame: ToGateway) -> None:
        """Count a frame that a device sent."""
        self._frames[type(frame)].inc()

    def watch_sessions(self, count: Callable[[], int]) -> None:
        """Ask this for the sessions at each scrape."""
        self._sessions.set_function(count)


class MediaMetrics(_Metrics):
    """Of one media service. What came and was not stored had been there already."""

    def __init__(self) -> None:
        super().__init__()
        answers = ("chatscale_media_answers", "Answers to uploads (PUT), downloads (GET) and others")
        self._answers = Counter(*answers, ["request", "status"], registry=self.registry)
        taken = Counter("chatscale_media_bytes", "Bytes of media", ["direction"], registry=self.registry)
        self._came, self._stored, self._went = (taken.labels(one) for one in ("uploaded", "stored", "downloaded"))
        self._answer_s = Histogram(
            "chatscale_media_answer_seconds",
            "From a request's head to the end of its answer",
            ["request"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def answered(self, method: str, status: int, took_s: float) -> None:
        """Count an answer."""
        request = method if method in ("PUT", "GET") else "other"
        self._answers.labels(request, str(status)).inc()
        self._answer_s.labels(request).observe(took_s)

    def uploaded(self, size_bytes: int, *, new: bool) -> None:
        """Count the bytes of a medium that came, and those of a `new` one as stored."""
        self._came.inc(size_bytes)
        self._stored.inc(size_bytes * new)

    def downloaded(self, size_bytes: int) -> None:
        """Count bytes that went to a member."""
        self._went.inc(size_bytes)


class PusherMetrics(_Metrics):
    """Of one pusher."""

    def __init__(self) -> None:
        super().__init__()
        self._notifications = Counter(
            "chatscale_notifications", "Notifications by what became of them", ["outcome"], registry=self.registry
        )

    def counted(self, outcome: str) -> None:
        """Count a notification."""
        self._notifications.labels(outcome).inc()


class WorkerMetrics(_Metrics):
    """Of one worker."""

    def __init__(self) -> None:
        super().__init__()
        self._unfinished = Gauge("chatscale_unfinished", "Records polled and not done", registry=self.registry)
        messages = Counter("chatscale_messages", "Messages worked on", ["outcome"], registry=self.registry)
        self.delivered, self.duplicates = messages.labels("delivered"), messages.labels("duplicate")
        self.receipts = Counter("chatscale_receipts", "Receipts handed back", registry=self.registry)
        self.commit_failures = Counter("chatscale_commit_failures", "Commits that failed", registry=self.registry)
        self.delivery_s = Histogram(
            "chatscale_delivery_seconds",
            "From a message's arrival at its gateway to its push to the recipients' gateways",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def watch_unfinished(self, count: Callable[[], int]) -> None:
        """Ask this for the unfinished records at each scrape."""
        self._unfinished.set_function(count)
