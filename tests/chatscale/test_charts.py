"""Charts of notebooks: plain SVG with everything that was asked for in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from chatscale.charts import Chart, bars, curves, ranges


def texts(chart: Chart) -> set[str]:
    return {"".join(element.itertext()).strip() for element in ET.fromstring(chart._repr_svg_()).iter()} - {""}


def test_bars_name_every_thing_and_its_value() -> None:
    assert {"machines", "gateways", "workers", "12.6 k", "900", "servers"} <= texts(
        bars("machines", {"gateways": 12_640, "workers": 900}, unit="servers", log=True)
    )


def test_bars_side_by_side_have_a_legend_and_may_lack_one() -> None:
    shown = texts(bars("hops", {"log": {"p50": 3, "p99": 15}, "store": {"p50": 2}}, unit="ms", limit=10))
    assert {"hops", "log", "store", "p50", "p99", "15"} <= shown


def test_ranges_name_what_moves_the_value() -> None:
    assert {"cost", "video", "photo", "USD"} <= texts(
        ranges("cost", 400, {"video": (200, 1700), "photo": (370, 550)}, unit="USD")
    )


def test_curves_name_their_axes_and_lines() -> None:
    chart = curves("linger", (0, 5, 10), {"box": (1, 2, 3), "full": (2, 3, 4)}, x="linger, ms", y="ms", log=False)
    assert {"linger", "box", "full", "linger, ms", "ms"} <= texts(chart)


def test_the_same_chart_has_the_same_bytes_and_stands_alone() -> None:
    one, other = (bars("same", {"a": 1.0, "b": 2.0}) for _ in range(2))
    assert one.svg == other.svg
    assert 'xmlns="http://www.w3.org/2000/svg"' in one.svg
    assert "<svg" not in repr(one)
