"""What the kernel says of a process that was started with a slack."""

import subprocess

from realstack.servers.timer_slack import timer_slack


def slack_ns() -> int:
    return int(subprocess.check_output(["cat", "/proc/self/timerslack_ns"]))


def test_a_process_has_the_slack_of_the_block_it_was_started_in() -> None:
    usual_ns = slack_ns()
    with timer_slack(0.004):
        assert slack_ns() == 4_000_000 != usual_ns
    assert slack_ns() == usual_ns


def test_no_slack_is_the_usual_one() -> None:
    usual_ns = slack_ns()
    with timer_slack(0.0):
        assert slack_ns() == usual_ns
