"""A history's columns as Arrow read them, in the types of the schema; what need not be copied is not.

dictionary of names    ─► Categorical
numbers with gaps      ─► Int64
no value in the file   ─► not read at all
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def blank_columns(path: Path, columns: Collection[str]) -> list[str]:
    """Those without any value, by the file's own statistics: they need not be read. None where it cannot be known."""
    try:
        about = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return []  # reading it will say what is wrong
    blank = {about.schema.column(place).name for place in range(about.num_columns)} - {"t_ns", "kind", "uuid"}
    for group in map(about.row_group, range(about.num_row_groups)):
        for place in range(group.num_columns):
            known = group.column(place).statistics
            if known is None or known.null_count != group.num_rows:
                blank.discard(about.schema.column(place).name)
    return [name for name in columns if name in blank]


def frame_of(table: pa.Table, blank: Collection[str], dtypes: Mapping[str, Any]) -> pd.DataFrame:
    """The table with the columns that are `blank`, in these types; ids are categories."""
    read = {name: _shaped(table[name], dtypes[name]) for name in table.column_names}
    empty = {name: _nothing(dtypes[name], len(table)) for name in blank}
    return pd.DataFrame({**read, **empty}, copy=False)


def _shaped(column: pa.ChunkedArray, dtype: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        return _names(column)
    if dtype == "Int64" and column.type == pa.int64():
        return _numbers(column)
    return column.to_pandas()


def _names(column: pa.ChunkedArray) -> pd.Categorical:
    whole = column.unify_dictionaries().combine_chunks()
    codes = whole.indices.fill_null(-1).to_numpy()
    names = pd.CategoricalDtype(pd.Index(whole.dictionary.to_pandas(), dtype="str"))
    return pd.Categorical.from_codes(codes, dtype=names, validate=False)


def _numbers(column: pa.ChunkedArray) -> pd.arrays.IntegerArray:
    whole = column.combine_chunks()
    gaps = whole.is_null().cast(pa.uint8()).to_numpy().view(np.bool_)  # several times as fast as one by one
    values = pa.Array.from_buffers(whole.type, len(whole), [None, whole.buffers()[1]], offset=whole.offset)
    return pd.arrays.IntegerArray(values.to_numpy(), gaps)


def _nothing(dtype: Any, size: int) -> Any:
    """A column of that many missing values."""
    if dtype == "category":
        return pd.Categorical.from_codes(np.full(size, -1, dtype=np.int8), categories=pd.Index([], dtype="str"))
    if dtype == "Int64":
        return pd.arrays.IntegerArray(np.zeros(size, dtype=np.int64), np.ones(size, dtype=np.bool_))
    return pd.Series([None], dtype=dtype).reindex(range(size))
