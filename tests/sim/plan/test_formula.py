"""Terms compute and write themselves at once."""

from __future__ import annotations

from sim.plan.formula import called, ceil, computed, largest, of, smallest, total
from sim.provenance import assumed, sourced

USERS = sourced("users", 2e9, "users", "a census")
SHARE = assumed("share", 0.25, "share", "a guess", low=0.1, high=0.5)
TIME = sourced("time", 0.003, "s", "a watch")
SIZE = sourced("size", 256, "bytes", "a ruler")


def test_a_product_keeps_value_words_numbers_and_inputs() -> None:
    term = of(USERS) * SHARE / 50_000.0
    assert term.value == 10_000
    assert term.words == "users × share ÷ 50,000"
    assert term.numbers == "2 bn × 25 % ÷ 50,000"
    assert term.inputs == (USERS, SHARE)


def test_parentheses_stand_only_where_they_are_needed() -> None:
    assert ((of(TIME) + 1.0) * 2.0).words == "(time + 1) × 2"
    assert (of(TIME) * 2.0 + 1.0).words == "time × 2 + 1"
    assert (of(TIME) / (of(USERS) * 2.0)).words == "time ÷ (users × 2)"
    assert (of(TIME) - (of(USERS) + 2.0)).words == "time − (users + 2)"
    assert (of(TIME) + (of(USERS) + 2.0)).words == "time + users + 2"
    assert (1 - of(SHARE)).numbers == "1 − 25 %"
    assert (1 / of(TIME)).numbers == "1 ÷ 3 ms"


def test_values_follow_the_same_parentheses() -> None:
    assert (of(TIME) - (of(SHARE) + 2.0)).value == 0.003 - 2.25
    assert (of(USERS) / (of(SHARE) * 2.0)).value == 4e9


def test_a_repeated_input_is_one_input() -> None:
    assert (of(SHARE) + SHARE + TIME).inputs == (SHARE, TIME)


def test_a_part_of_a_server_is_a_server_and_none_is_one() -> None:
    assert [ceil(value).value for value in (0.0, 0.2, 1.0, 1.5, 2.0000000001)] == [1, 1, 1, 2, 2]
    assert ceil(of(USERS) / SIZE).words == "⌈users ÷ size⌉"


def test_functions_list_their_arguments() -> None:
    assert largest(TIME, SHARE).value == 0.25
    assert largest(TIME, SHARE).numbers == "max(3 ms, 25 %)"
    assert smallest(TIME, SHARE).value == 0.003
    assert total(TIME, SHARE, 1.0).words == "time + share + 1"
    assert called("twice", lambda size: 2 * size, SIZE).numbers == "twice(256 B)"
    assert called("twice", lambda size: 2 * size, SIZE).value == 512


def test_a_computed_line_carries_formula_and_numbers_as_its_source() -> None:
    line = computed("part.users", "people", "users", of(USERS) * SHARE)
    assert line.parameter.source == "users × share = 2 bn × 25 %"
    assert (line.component, line.shown, line.inputs) == ("part", "500 M users", (USERS, SHARE))
