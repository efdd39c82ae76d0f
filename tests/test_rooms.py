"""Which room may import which:  sim ◄── reports, realstack ◄── chatscale."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "sim": {"sim"},
    "reports": {"reports", "sim"},
    "realstack": {"realstack", "sim"},
    "chatscale": {"chatscale", "realstack", "reports", "sim"},
}
OURS = {*MAY_IMPORT, "tests"}


def imported_packages(source: str) -> Iterator[tuple[int, str]]:
    """Line and top-level package of every absolute import, those inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files, f"{room} is empty"
    strays = [
        f"{path.relative_to(ROOT)}:{line} imports {package}"
        for path in files
        for line, package in imported_packages(path.read_text(encoding="utf-8"))
        if package in OURS - MAY_IMPORT[room]
    ]
    assert strays == []


def test_the_guard_sees_imports_of_every_form() -> None:
    source = "import sim.trace, reports as r\nfrom . import x\ndef f():\n    from realstack.chat import gateway\n"
    assert list(imported_packages(source)) == [(1, "sim"), (1, "reports"), (4, "realstack")]


def test_every_room_says_that_it_is_typed() -> None:
    assert [room for room in MAY_IMPORT if not (ROOT / room / "py.typed").exists()] == []
