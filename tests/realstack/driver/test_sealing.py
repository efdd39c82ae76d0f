"""What a device seals: members open it, nobody else does, and nobody can pass it off as something else."""

from __future__ import annotations

import msgspec
import pytest

from realstack.chat.frames import Message, Send
from realstack.chat.media_ref import SEALED_TYPE
from realstack.driver.packing import Attachment, Letter, SealError
from realstack.driver.seal_cost import frame_bytes
from realstack.driver.sealing import Directory, Keyring, Sealed, keyrings

ANNA, BERT, EVE = 1, 2, 66
PHOTO = Attachment(7, "image/jpeg", 1500)


def at_bert(sent: Send) -> Message:
    """The message as it reaches Bert, by way of the servers."""
    return Message(sent.conv, sent.uuid, ANNA, sent.cseq, 9, 1, 0, sent.text, "push", sent.media)


@pytest.fixture(scope="module")
def packing() -> dict[int, Sealed]:
    """Conversation 5 of Anna and Bert; Eve is in 6 with Anna."""
    rings = keyrings([ANNA, BERT, EVE], {5: [ANNA, BERT], 6: [ANNA, EVE]})
    return {user: Sealed(ring) for user, ring in rings.items()}


def test_every_member_reads_what_was_written_and_the_server_does_not(packing: dict[int, Sealed]) -> None:
    sent, data = packing[ANNA].pack(Send(5, "m1", 1, "meet me at noon"), None)
    assert packing[BERT].unpack(at_bert(sent)) == Letter("meet me at noon")
    assert packing[ANNA].unpack(at_bert(sent)).text == "meet me at noon"
    assert "noon" not in sent.text
    assert data == b""


def test_the_same_text_never_looks_the_same(packing: dict[int, Sealed]) -> None:
    assert len({packing[ANNA].pack(Send(5, "m1", 1, "yes"), None)[0].text for _ in range(20)}) == 20


def test_who_is_no_member_has_no_key(packing: dict[int, Sealed]) -> None:
    sent, _ = packing[ANNA].pack(Send(5, "m1", 1, "meet me at noon"), None)
    with pytest.raises(SealError, match="message m1 of conversation 5 cannot be opened"):
        packing[EVE].unpack(at_bert(sent))


@pytest.mark.parametrize("changed", [{"conv": 6}, {"uuid": "m2"}, {"sender": BERT}])
def test_a_server_cannot_move_a_message_elsewhere(packing: dict[int, Sealed], changed: dict[str, object]) -> None:
    sent, _ = packing[ANNA].pack(Send(5, "m1", 1, "yes"), None)
    with pytest.raises(SealError):
        packing[ANNA].unpack(msgspec.structs.replace(at_bert(sent), **changed))


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA", "A" * 80], ids=["nothing", "garbage", "short", "forged"])
def test_what_nobody_sealed_is_not_opened(packing: dict[int, Sealed], text: str) -> None:
    with pytest.raises(SealError):
        packing[BERT].unpack(at_bert(Send(5, "m1", 1, text)))


def test_one_flipped_bit_is_noticed(packing: dict[int, Sealed]) -> None:
    sent, _ = packing[ANNA].pack(Send(5, "m1", 1, "yes"), None)
    other = "A" if sent.text[20] != "A" else "B"
    with pytest.raises(SealError):
        packing[BERT].unpack(at_bert(Send(5, "m1", 1, sent.text[:20] + other + sent.text[21:])))


def test_a_medium_arrives_and_no_server_knows_what_it_is_or_that_it_was_there_before(
    packing: dict[int, Sealed],
) -> None:
    (first, data), (second, again) = (packing[ANNA].pack(Send(5, uuid, 1, "look"), PHOTO) for uuid in ("m1", "m2"))
    assert first.media is not None
    assert second.media is not None
    assert first.media.type == second.media.type == SEALED_TYPE
    assert first.media.digest != second.media.digest
    for message, sealed in ((first, data), (second, again)):
        letter = packing[BERT].unpack(at_bert(message))
        assert packing[BERT].unpack_medium(sealed, letter) == PHOTO.data()


def test_a_medium_that_was_exchanged_is_noticed(packing: dict[int, Sealed]) -> None:
    (first, _), (_, again) = (packing[ANNA].pack(Send(5, uuid, 1, "look"), PHOTO) for uuid in ("m1", "m2"))
    with pytest.raises(SealError, match=r"1,528 bytes of a medium cannot be opened"):
        packing[BERT].unpack_medium(again, packing[BERT].unpack(at_bert(first)))


def test_the_directory_is_of_no_use_to_who_runs_it() -> None:
    """A server knows every public key and every envelope; with a key pair of its own it opens none of them."""
    directory = Directory()
    anna, bert = Keyring(ANNA, directory), Keyring(BERT, directory)
    directory.found(5, [ANNA, BERT])
    sealed = anna.seal(5, "m1", Letter("yes"))
    assert bert.open(5, ANNA, "m1", sealed).text == "yes"
    directory.public[BERT], published = b"", directory.public[BERT]
    curious = Keyring(BERT, directory)
    assert directory.public[BERT] != published
    with pytest.raises(SealError):
        curious.open(5, ANNA, "m1", sealed)


@pytest.mark.parametrize(("text_bytes", "plain", "sealed"), [(17, 103, 154), (33, 119, 174), (246, 332, 458)])
def test_what_encryption_costs_in_bytes_of_a_frame(text_bytes: int, plain: int, sealed: int) -> None:
    """28 bytes of nonce and tag, 4 or 5 of the letter's form, and a third more because JSON takes text only."""
    assert frame_bytes(text_bytes, sealed=False) == plain
    assert frame_bytes(text_bytes, sealed=True) == sealed
