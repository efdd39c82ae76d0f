"""The notebooks run from top to bottom, and are read without being run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# Ours is chatscale alone; sliders are there only where ipywidgets is.
MAY_IMPORT = {"chatscale", "collections", "ipywidgets"}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def read(path: Path) -> Any:
    # Its reader has no types.
    return vars(nbformat)["read"](path, as_version=4)


def code_of(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_the_three_notebooks_are_here() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01-plan", "02-one-message", "03-trade-offs"]


@each_notebook
def test_a_notebook_is_short_and_uses_the_public_interface_alone(path: Path) -> None:
    notebook = read(path)
    assert len(notebook.cells) <= 15
    assert {name for cell in code_of(notebook) for name in imported(cell.source)} <= MAY_IMPORT


@each_notebook
def test_what_is_committed_was_run_in_order_and_shows_its_charts(path: Path) -> None:
    cells = code_of(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert all(output.output_type != "error" for output in outputs)
    assert sum("image/svg+xml" in output.get("data", {}) for output in outputs) >= 3
    assert str(ROOT) not in path.read_text(encoding="utf-8")


@each_notebook
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_runs_from_top_to_bottom(path: Path) -> None:
    notebook = read(path)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = [output for cell in code_of(notebook) for output in cell.outputs]
    assert all(output.output_type != "error" for output in shown)
