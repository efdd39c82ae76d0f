"""What may be said on a WebSocket: every frame survives the wire, and everything else is a DecodeError."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realstack.chat import frames
from realstack.chat.frames import Frame, Message, ReceiptItem, Send, decode_to_device, decode_to_gateway, encode
from realstack.chat.media_ref import MediaRef
from sim.addresses import MOST_DEVICES

ids = st.integers(0, 2**31 - 1)
positions = st.integers(0, 2**63 - 1)
uuids = st.text(min_size=1, max_size=64)
states = st.sampled_from(["delivered", "read"])
items = st.builds(ReceiptItem, uuids, ids, positions)
stamp = st.integers(0, 2**62)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
media = st.none() | st.builds(MediaRef, digests, st.text(max_size=64), st.integers(1, 2**31 - 1))

TO_GATEWAY: dict[type[Frame], st.SearchStrategy[Any]] = {
    frames.Hello: st.builds(frames.Hello, ids, ids, st.text(max_size=512), st.integers(0, MOST_DEVICES - 1)),
    frames.Resume: st.builds(
        frames.Resume, st.dictionaries(ids, positions), st.booleans(), st.dictionaries(ids, positions)
    ),
    frames.Send: st.builds(frames.Send, ids, uuids, ids, st.text(), media),
    frames.Receipt: st.builds(frames.Receipt, ids, states, st.lists(items)),
    frames.Heartbeat: st.builds(frames.Heartbeat),
    frames.Open: st.builds(frames.Open, ids),
    frames.Close: st.builds(frames.Close),
    frames.Pull: st.builds(frames.Pull, ids, positions),
    frames.Search: st.builds(frames.Search, ids, st.text(), st.none() | positions),
    frames.Fetch: st.builds(frames.Fetch, ids, st.none() | positions),
}
messages = st.builds(
    Message, ids, uuids, ids, ids, positions, positions, st.integers(-1, 2**62), st.text(),
    st.sampled_from(["push", "resume"]), media, stamp, stamp, stamp, stamp, stamp,
)  # fmt: skip
TO_DEVICE: dict[type[Frame], st.SearchStrategy[Any]] = {
    frames.Welcome: st.builds(frames.Welcome, st.text()),
    frames.Message: messages,
    frames.Resumed: st.builds(frames.Resumed, ids),
    frames.Sent: st.builds(frames.Sent, uuids, positions),
    frames.Refused: st.builds(frames.Refused, uuids, st.text()),
    frames.Seen: st.builds(frames.Seen, ids, ids, states, st.dictionaries(uuids, positions)),
    frames.Reached: st.builds(
        frames.Reached,
        ids,
        st.dictionaries(ids, st.tuples(positions, positions)),
        st.dictionaries(uuids, positions),
    ),
    frames.HeartbeatOk: st.builds(frames.HeartbeatOk, stamp),
    frames.Presence: st.builds(frames.Presence, ids, st.lists(ids), st.lists(ids), st.dictionaries(ids, stamp)),
    frames.PresenceChange: st.builds(frames.PresenceChange, ids, ids, st.booleans()),
    frames.News: st.builds(frames.News, ids, positions),
    frames.Pulled: st.builds(frames.Pulled, ids, positions),
    frames.Found: st.builds(frames.Found, ids, st.lists(messages, max_size=3), positions),
    frames.Page: st.builds(frames.Page, ids, st.lists(messages, max_size=3), positions),
    frames.GoAway: st.builds(frames.GoAway, st.floats(0, 60)),
    frames.Error: st.builds(frames.Error, st.text(), st.text()),
}
SAID_BY_DEVICES = st.one_of(*TO_GATEWAY.values())
SAID_BY_GATEWAYS = st.one_of(*TO_DEVICE.values())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def test_the_strategies_cover_every_frame() -> None:
    assert set(TO_GATEWAY) == set(get_args(frames.ToGateway))
    assert set(TO_DEVICE) == set(get_args(frames.ToDevice))


@settings(deadline=None)
@given(SAID_BY_DEVICES)
def test_what_a_device_says_arrives_as_it_was(frame: Frame) -> None:
    assert decode_to_gateway(encode(frame)) == frame


@settings(deadline=None)
@given(SAID_BY_GATEWAYS)
def test_what_a_gateway_says_arrives_as_it_was(frame: Frame) -> None:
    assert decode_to_device(encode(frame)) == frame


@settings(deadline=None)
@given(messages, stamp)
def test_stamping_changes_the_last_stamp_and_nothing_else(message: Message, pushed_ns: int) -> None:
    stamped = decode_to_device(frames.stamp_pushed(encode(message), pushed_ns))
    assert stamped == msgspec.structs.replace(message, pushed_ns=pushed_ns)


@pytest.mark.parametrize("text", ['"pushed_ns":0}', ":}:}", "{}", "\\", '"', "müß 漢 🙂", "\u2028\0", ""])
def test_no_text_confuses_the_stamp(text: str) -> None:
    message = Message(5, "a", 1, 1, 9, 3, 2, text, "push")
    assert decode_to_device(frames.stamp_pushed(encode(message), 8)) == msgspec.structs.replace(message, pushed_ns=8)


@settings(deadline=None)
@given(SAID_BY_DEVICES, st.data())
def test_a_frame_without_one_of_its_fields_is_refused(frame: Frame, data: st.DataObject) -> None:
    document = json.loads(encode(frame))
    optional = {"everything", "awaited", "before", "device", "media"}
    del document[data.draw(st.sampled_from(sorted(set(document) - optional)))]
    with pytest.raises(msgspec.DecodeError):
        decode_to_gateway(json.dumps(document))


@settings(deadline=None)
@given(SAID_BY_DEVICES, st.text().filter(lambda name: name not in frames.Send.__struct_fields__), json_values)
def test_a_frame_with_a_field_too_many_is_refused(frame: Frame, name: str, value: Any) -> None:
    document = json.loads(encode(frame))
    if name in document:
        return
    with pytest.raises(msgspec.DecodeError):
        decode_to_gateway(json.dumps({**document, name: value}))


@settings(deadline=None)
@given(SAID_BY_DEVICES, st.data())
def test_a_field_of_another_type_is_refused(frame: Frame, data: st.DataObject) -> None:
    document = json.loads(encode(frame))
    name = data.draw(st.sampled_from(sorted(document)))
    kind = type(document[name])
    others = json_values.filter(lambda value: type(value) is not kind and not _whole(value, kind))
    document[name] = data.draw(others.filter(lambda value: value is not None or name not in ("before", "media")))
    with pytest.raises(msgspec.DecodeError):
        decode_to_gateway(json.dumps(document))


def _whole(value: object, kind: type) -> bool:
    """JSON has one kind of number: 5.0 is the integer 5."""
    return kind is int and isinstance(value, float) and value.is_integer()


@settings(deadline=None)
@given(st.binary() | st.text())
def test_noise_is_refused(noise: bytes | str) -> None:
    for decode in (decode_to_gateway, decode_to_device):
        with pytest.raises(msgspec.DecodeError):
            decode(noise)


@settings(deadline=None)
@given(SAID_BY_DEVICES, st.data())
def test_a_damaged_frame_is_a_frame_or_refused(frame: Frame, data: st.DataObject) -> None:
    damaged = bytearray(encode(frame))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_to_gateway(bytes(damaged))
    except msgspec.DecodeError:
        return
    assert isinstance(decoded, get_args(frames.ToGateway))


@pytest.mark.parametrize(
    "data",
    [
        b'{"t":"send","conv":1,"uuid":"\xff","cseq":1,"text":""}',  # not UTF-8
        b'{"z":' + b"[" * 100_000 + b"]" * 100_000 + b',"t":"heartbeat"}',  # deeper than the stack
        b'{"t":"send","conv":1,"uuid":"a","cseq":1,"text":"\\ud800"}',  # half a surrogate pair
        '{"t":"send","conv":1,"uuid":"\ud800","cseq":1,"text":""}',
    ],
)
def test_malice_is_refused_like_noise(data: bytes | str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_to_gateway(data)


@pytest.mark.parametrize(
    "field", ['"conv":2147483648', '"cseq":2147483648', '"conv":-1', '"uuid":""', f'"uuid":"{"a" * 65}"']
)
def test_what_no_column_of_the_store_could_hold_is_refused_at_the_door(field: str) -> None:
    # Behind the log a worker would try to store it for ever.
    document = {"conv": "1", "uuid": '"a"', "cseq": "1", "text": '"hi"', "t": '"send"'}
    name, _, value = field.partition(":")
    document[name.strip('"')] = value
    with pytest.raises(msgspec.DecodeError):
        decode_to_gateway("{" + ",".join(f'"{key}":{value}' for key, value in document.items()) + "}")


def test_a_receipt_for_an_impossible_position_is_refused() -> None:
    good = encode(frames.Receipt(5, "read", [ReceiptItem("a", 1, 2**63 - 1)]))
    assert isinstance(decode_to_gateway(good), frames.Receipt)
    with pytest.raises(msgspec.DecodeError):
        decode_to_gateway(good.replace(b"9223372036854775807", b"9223372036854775808"))


def test_a_frame_names_its_type_first() -> None:
    assert encode(Send(5, "a", 1, "hi")) == b'{"t":"send","conv":5,"uuid":"a","cseq":1,"text":"hi"}'
