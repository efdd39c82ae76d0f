"""What end-to-end encryption costs a message, measured here. Run it:

python -m realstack.driver.seal_cost
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from realstack.chat.frames import Send, decode_to_gateway, encode
from realstack.driver.events import text_of
from realstack.driver.packing import Letter
from realstack.driver.sealing import keyrings

UUID = "00000000-0000-4000-8000-000000000001"
# The median, mean and 99th percentile of a text's length (process-one.net).
LENGTHS = (17, 33, 246)
_TIMES = 5_000


def frame_bytes(text_bytes: int, *, sealed: bool) -> int:
    """Length of a `send` frame with a text so long."""
    text = text_of(UUID, text_bytes)
    if sealed:
        text = keyrings([1, 2], {5: [1, 2]})[1].seal(5, UUID, Letter(text))
    return len(encode(Send(5, UUID, 1, text)))


def _as_frame(text: str) -> object:
    return decode_to_gateway(encode(Send(5, UUID, 1, text)))


def _cost_us(work: Callable[[], object]) -> float:
    began_s = time.thread_time()
    for _ in range(_TIMES):
        work()
    return (time.thread_time() - began_s) / _TIMES * 1e6


def main() -> None:
    """Print bytes and CPU time of a message, plain and sealed."""
    anna, bert = keyrings([1, 2], {5: [1, 2]}).values()
    print("text B   frame B   sealed B   ratio   frame µs   seal µs   open µs")
    for length in LENGTHS:
        text = text_of(UUID, length)
        sealed = anna.seal(5, UUID, Letter(text))
        plain_bytes, sealed_bytes = (frame_bytes(length, sealed=how) for how in (False, True))
        costs = (
            _cost_us(partial(_as_frame, text)),
            _cost_us(partial(anna.seal, 5, UUID, Letter(text))),
            _cost_us(partial(bert.open, 5, 1, UUID, sealed)),
        )
        times = "".join(f"{cost_us:10.1f}" for cost_us in costs)
        print(f"{length:6} {plain_bytes:9} {sealed_bytes:10} {sealed_bytes / plain_bytes:7.2f} {times}")


if __name__ == "__main__":
    main()
