"""Notifications on their way to phones: what arrives at services of APNs' and FCM's shape, and what is tried again."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

import pytest

from realstack.chat.push_sender import PushSender
from realstack.chat.push_shapes import Notification, device_token, to_apns, to_fcm
from realstack.servers.ports import free_ports
from tests.realstack.chat.phone_services import PhoneServices, phone_services

APPLE, GOOGLE = Notification(2, 5, "m1", unread=3), Notification(3, 5, "m1", unread=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realstack.chat.push_sender._back_off", lambda _state: 0.001)


def sending(scene: Callable[[PushSender, PhoneServices], Awaitable[None]]) -> None:
    async def main() -> None:
        async with phone_services() as services:
            sender = PushSender(services.url, services.url, "secret")
            try:
                await scene(sender, services)
            finally:
                await sender.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_apns_gets_topic_collapse_id_and_badge_over_http_2() -> None:
    async def scene(sender: PushSender, services: PhoneServices) -> None:
        assert await sender.send(APPLE) == "sent"
        [arrived] = services.arrived
        assert (arrived.path, arrived.http_version) == (f"/3/device/{device_token(2)}", "2")
        wanted = {
            "authorization": "Bearer secret",
            "apns-topic": "org.example.chatscale",
            "apns-push-type": "alert",
            "apns-priority": "10",
            "apns-collapse-id": "c5",
        }
        assert wanted.items() <= arrived.headers.items()
        assert arrived.body == {
            "aps": {"alert": {"loc-key": "NEW_MESSAGE"}, "badge": 3, "thread-id": "c5"},
            "conv": 5,
            "uuid": "m1",
        }

    sending(scene)


def test_fcm_gets_token_collapse_key_and_data_of_strings() -> None:
    async def scene(sender: PushSender, services: PhoneServices) -> None:
        assert await sender.send(GOOGLE) == "sent"
        [arrived] = services.arrived
        assert (arrived.path, arrived.http_version) == ("/v1/projects/chatscale/messages:send", "2")
        assert arrived.headers["authorization"] == "Bearer secret"
        assert arrived.body == {
            "message": {
                "token": device_token(3),
                "android": {"collapse_key": "c5", "priority": "high"},
                "data": {"conv": "5", "uuid": "m1", "unread": "1"},
            }
        }

    sending(scene)


def test_a_notification_sent_twice_has_one_id_and_another_user_s_has_another() -> None:
    ids = [to_apns(told).headers["apns-id"] for told in (APPLE, APPLE, APPLE._replace(user=4), GOOGLE)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("shape", [to_apns, to_fcm])
def test_what_is_posted_is_small(shape: Callable[[Notification], object]) -> None:
    request = shape(Notification(2**31 - 1, 2**31 - 1, "u" * 64, 10**6))
    assert len(json.dumps(request[2]).encode()) < 4_096  # type: ignore[index]


def test_a_busy_service_is_asked_again() -> None:
    async def scene(sender: PushSender, services: PhoneServices) -> None:
        services.answers.extend([(503, {}), (429, {}), (500, {})])
        assert await sender.send(APPLE) == "sent"
        assert len(services.arrived) == 4
        assert len({arrived.headers["apns-id"] for arrived in services.arrived}) == 1

    sending(scene)


def test_not_before_the_time_that_it_asked_for() -> None:
    async def scene(sender: PushSender, services: PhoneServices) -> None:
        services.answers.append((429, {"retry-after": "0.3"}))
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        assert await sender.send(APPLE) == "sent"
        assert loop.time() - started_s >= 0.3

    sending(scene)


def test_one_that_stays_busy_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(sender: PushSender, services: PhoneServices) -> None:
        services.answers.extend([(503, {})] * 6)
        assert await sender.send(APPLE) == "given-up"
        assert len(services.arrived) == 6

    with caplog.at_level(logging.WARNING):
        sending(scene)
    assert "a notification of user 2 is given up" in caplog.text
    assert "secret" not in caplog.text


def test_so_is_one_that_nobody_answers_for() -> None:
    async def main() -> None:
        nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
        sender = PushSender(nowhere, nowhere, "secret")
        assert await sender.send(APPLE) == "given-up"
        await sender.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "outcome"), [(410, "unregistered"), (404, "unregistered"), (400, "refused"), (403, "refused")]
)
def test_what_repetition_does_not_mend_is_tried_once(status: int, outcome: str) -> None:
    async def scene(sender: PushSender, services: PhoneServices) -> None:
        services.answers.append((status, {}))
        assert await sender.send(APPLE) == outcome
        assert len(services.arrived) == 1

    sending(scene)


def test_many_at_once_share_one_connection() -> None:
    async def scene(sender: PushSender, services: PhoneServices) -> None:
        many = [APPLE._replace(user=2 * number) for number in range(200)]
        assert set(await asyncio.gather(*(sender.send(told) for told in many))) == {"sent"}
        assert {arrived.path for arrived in services.arrived} == {f"/3/device/{device_token(t.user)}" for t in many}

    sending(scene)
