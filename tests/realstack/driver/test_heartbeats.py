"""Which heartbeats get lost."""

from __future__ import annotations

from realstack.driver.heartbeats import HeartbeatLoss, Loss


def hits(share: float, seed: int, number: int = 1_000) -> list[bool]:
    loss = HeartbeatLoss([Loss("gateway-1", 5, 10, share)], seed, lambda: 7.0)
    return [loss.hits("gateway-1") for _ in range(number)]


def test_only_in_its_time_and_at_its_gateway() -> None:
    times_s = iter([4.9, 5.0, 9.9, 10.0, 7.0])
    loss = HeartbeatLoss([Loss("gateway-1", 5, 10, 1.0)], 1, times_s.__next__)
    assert [loss.hits("gateway-1") for _ in range(4)] == [False, True, True, False]
    assert not loss.hits("gateway-2")


def test_a_share_of_them_and_the_same_ones_with_the_same_seed() -> None:
    # 1,000 tries at 0.3: four standard deviations are 58.
    assert 242 < sum(hits(0.3, seed=1)) < 358
    assert hits(0.3, seed=1) == hits(0.3, seed=1)
    assert hits(0.3, seed=1) != hits(0.3, seed=2)
