"""How a notification looks to the two services that reach phones that are asleep. Neither ever gets a message's text.

    APNs   POST /3/device/{token}                       headers: topic, push type, priority, collapse id
    FCM    POST /v1/projects/{project}/messages:send    body: token, collapse key, priority, data

What has the same collapse id replaces the one before it on the lock screen: one line a conversation, with a count.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, NamedTuple

TOPIC = "org.example.chatscale"
PROJECT = "chatscale"
_IDS = uuid.UUID("6f1f3a6e-6c1b-4f0e-9a58-0d6f2c1f7a11")


class Notification(NamedTuple):
    """One message for one user who is away; `unread` is how many wait for them, this one counted."""

    user: int
    conv: int
    uuid: str
    unread: int


class PushRequest(NamedTuple):
    """What is posted: path, headers, JSON body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def device_token(user: int) -> str:
    """The token by which a service knows the user's phone; on the box a digest stands for a registration."""
    return hashlib.sha256(f"phone of {user}".encode()).hexdigest()


def to_apns(told: Notification) -> PushRequest:
    """For Apple's service. The same notification always has the same id, so that one sent twice is known there."""
    headers = {
        "apns-id": str(uuid.uuid5(_IDS, f"{told.uuid} for {told.user}")),
        "apns-topic": TOPIC,
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-collapse-id": _collapse(told),
    }
    aps = {"alert": {"loc-key": "NEW_MESSAGE"}, "badge": told.unread, "thread-id": _collapse(told)}
    return PushRequest(
        f"/3/device/{device_token(told.user)}", headers, {"aps": aps, "conv": told.conv, "uuid": told.uuid}
    )


def to_fcm(told: Notification) -> PushRequest:
    """For Google's service; values of `data` are strings there."""
    message = {
        "token": device_token(told.user),
        "android": {"collapse_key": _collapse(told), "priority": "high"},
        "data": {"conv": str(told.conv), "uuid": told.uuid, "unread": str(told.unread)},
    }
    return PushRequest(f"/v1/projects/{PROJECT}/messages:send", {}, {"message": message})


def _collapse(told: Notification) -> str:
    return f"c{told.conv}"
