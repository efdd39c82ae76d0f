"""How figures are told."""

from __future__ import annotations

import pytest

from reports.text import signed_percent


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.12, "+12%"), (-0.3, "−30%"), (0.0, "+0%"), (8.99, "+899%"), (9.0, "× 10"), (2101.67, "× 2,103")],
)
def test_an_error_is_told_in_percent_until_the_factor_tells_more(share: float, told: str) -> None:
    assert signed_percent(share) == told
