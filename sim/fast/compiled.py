"""`compiled`: machine code from a plain function by numba, kept beside the source for the next process.

Kernels let go of the interpreter's lock, so that threads use all cores without copies of any state.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function in machine code; its arguments are numbers, arrays and named tuples of them."""
    made = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Function", made)


def drop_stale(folder: Path) -> None:
    """Forget machine code that is older than any source of the folder.

    numba compares a function's own file alone, but machine code holds what the function calls, too.
    """
    with suppress(OSError):
        newest_s = max(source.stat().st_mtime for source in folder.glob("*.py"))
        for index in (folder / "__pycache__").glob("*.nbi"):
            if index.stat().st_mtime < newest_s:
                index.unlink(missing_ok=True)


drop_stale(Path(__file__).parent)
