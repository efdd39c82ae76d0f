"""Mutants: bugs that a chat backend can have, put into the processes of the real one from outside.

    python -m realstack.mutants NAME realstack.chat.gateway SETTINGS.json 1 READY.json

    mutant ─► one seam, a function or a method, gets another body ─► the process does its work as ever

The backend knows nothing of it, and no scenario can ask for it. Each bug is one that people make; it names the check
that must convict it, and the story of `scenarios/selftest/` in which it shows under the design of a preset.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from aiokafka import AIOKafkaProducer

from realstack import mutations
from realstack.chat import message_service
from realstack.chat.chains import Chains
from realstack.chat.connection import Connection
from realstack.chat.conversation_past import ConversationPast
from realstack.chat.delivery import Delivery
from realstack.chat.links import Link
from realstack.chat.message_service import Membership, MessageService
from realstack.chat.numbering import Numbering
from realstack.chat.offsets import OffsetTracker
from realstack.chat.receipts import Receipts
from realstack.chat.registry import Registry
from realstack.chat.resume import Reader
from realstack.chat.snowflake import Snowflake
from realstack.chat.store import Store
from sim.errors import UsageError


@dataclass(frozen=True, slots=True)
class Mutant:
    """`mutate` gives the seam of a module or class another body; `caught` is the check that must convict."""

    name: str
    caught: str
    owner: Any
    seam: str
    mutate: Callable[[Any], Any]
    preset: str = "hardened"
    story: str = "evening"

    def strike(self) -> None:
        """Put the bug into this process."""
        setattr(self.owner, self.seam, self.mutate(getattr(self.owner, self.seam)))


_ALL = (
    Mutant("key-a-message", "partition_split", message_service, "partition_key", mutations.key_a_message),
    Mutant("ack-before-log", "early_ack", MessageService, "accept", mutations.ack_first),
    Mutant("ack-without-log", "early_ack", MessageService, "accept", mutations.ack_alone),
    Mutant("refused-and-kept", "phantom", MessageService, "accept", mutations.refuse_and_keep),
    Mutant("delivered-at-once", "receipt_regress", MessageService, "accept", mutations.say_delivered_at_once),
    Mutant("another-text", "content_mismatch", MessageService, "accept", mutations.turn_text_round),
    Mutant("appended-twice", "duplicate_log", AIOKafkaProducer, "send", mutations.append_twice),
    Mutant("retries-overtaken", "reordered_sender", AIOKafkaProducer, "send", mutations.overtake_retries, "seed"),
    Mutant("clock-set-back", "id_log_conflict", Snowflake, "next_id", mutations.set_clock_back, "seed"),
    Mutant("ids-rounded", "id_collision", Snowflake, "next_id", mutations.round_ids),
    Mutant(
        "commit-before-work", "lost", OffsetTracker, "take_commit", mutations.commit_all_polled, story="killed-worker"
    ),
    Mutant("tasks-unordered", "reordered_sender", Chains, "add", mutations.task_a_message),
    Mutant("no-dedup", "duplicated", Numbering, "place", mutations.know_no_uuid, story="lost-ack"),
    Mutant("numbers-falling", "order_divergence", ConversationPast, "last_position", mutations.count_down),
    Mutant("record-skipped", "sender_gap", Delivery, "deliver", mutations.skip_the_second),
    Mutant("never-stored", "lost", Store, "insert", mutations.answer(True)),
    Mutant("stored-twice", "duplicate_row", Store, "insert", mutations.store_twice),
    Mutant("to-a-stranger", "misrouted", Membership, "of", mutations.add_a_stranger),
    Mutant("pushed-twice", "duplicated", Link, "push", mutations.push_twice, "seed"),
    Mutant("receipts-swallowed", "receipt_lost", Receipts, "hand_back", mutations.answer(None)),
    Mutant("push-dropped", "skipped", Connection, "push", mutations.drop_the_second_message, "seed"),
    Mutant("cursor-off-by-one", "resume_gap", Reader, "_catch_up", mutations.read_one_too_far),
    Mutant("cursor-ignored", "resume_dup", Reader, "_catch_up", mutations.read_from_the_start),
    Mutant("delete-unasked", "lost", Registry, "disconnect", mutations.delete_late_and_unasked),
    Mutant("heartbeat-ignored", "false_offline", Registry, "heartbeat", mutations.answer(False)),
    Mutant("presence-cached", "stale_online", Registry, "online", mutations.remember_who_was_online),
    Mutant("presence-flickers", "presence_flap", Registry, "online", mutations.see_nobody_now_and_then),
)
MUTANTS = {mutant.name: mutant for mutant in _ALL}


def mutant_named(name: str) -> Mutant:
    """The mutant of that name. Raises UsageError when there is none."""
    if name not in MUTANTS:
        raise UsageError(f"no mutant is called {name!r}; known: {', '.join(MUTANTS)}")
    return MUTANTS[name]


def main(arguments: Sequence[str]) -> None:
    """Strike, then run the module that is named, with the arguments that follow."""
    name, module, *rest = arguments
    mutant_named(name).strike()
    import_module(module).main(rest)


if __name__ == "__main__":
    main(sys.argv[1:])
