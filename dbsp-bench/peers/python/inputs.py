"""The benchmark's input files as numpy columns.

All files are little-endian 64-bit words without a header; a value is an i64 in two's complement.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Unsigned = NDArray[np.uint64]
Signed = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The base table, column by column; row `i` has id `i`."""

    ids: Unsigned
    keys: Unsigned
    values: Signed

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Dimension:
    """The dimension table: a key may have any number of classes."""

    keys: Unsigned
    classes: Unsigned


@dataclass(frozen=True)
class Change:
    """What one step brings, in the order of its delta: old rows with weight -1, new rows with weight +1."""

    ids: Unsigned
    keys: Unsigned
    values: Signed
    weights: Signed

    def new(self) -> Rows:
        """The new rows alone: a recomputation writes them over the old ones."""
        is_new = self.weights > 0
        return Rows(self.ids[is_new], self.keys[is_new], self.values[is_new])


@dataclass(frozen=True)
class Output:
    """One table of an output in the common form: three columns, and a weight for each row."""

    columns: tuple[Unsigned, Unsigned, Unsigned]
    weights: Signed

    @classmethod
    def of(
        cls,
        columns: tuple[NDArray | int, NDArray | int, NDArray | int],
        rows: int,
        weights: NDArray | int = 1,
    ) -> "Output":
        """An output from columns of any 64-bit integers; a number stands for a column that is constant."""
        a, b, c = (_words(column, rows) for column in columns)
        return cls((a, b, c), _words(weights, rows).view(np.int64))


def _words(column: NDArray | int, rows: int) -> Unsigned:
    if isinstance(column, int):
        return np.full(rows, column, dtype=np.int64).view(np.uint64)
    if column.dtype.kind not in "iu":
        raise TypeError(f"an output column holds {column.dtype}, not integers")
    words = column if column.dtype.itemsize == 8 else column.astype(np.int64)
    return np.ascontiguousarray(words).view(np.uint64)


def read_rows(path: Path) -> Rows:
    """Reads a base table.

    Raises ValueError when the file is not a whole number of rows or ids are not positions.
    """
    ids, keys, values = _table(_file(path), 3, path)
    if not np.array_equal(ids, np.arange(len(ids), dtype=np.uint64)):
        raise ValueError(f"{path}: row i does not have id i")
    return Rows(ids, keys, values.view(np.int64))


def read_dimension(path: Path) -> Dimension:
    """Reads a dimension table."""
    return Dimension(*_table(_file(path), 2, path))


def read_changes(path: Path) -> list[Change]:
    """Reads the steps of one turn: for each its number of rows, then the rows with their weights."""
    words = _file(path)
    changes, at = [], 0
    while at < len(words):
        end = at + 1 + 4 * int(words[at])
        if end > len(words):
            raise ValueError(f"{path}: step {len(changes)} is cut off")
        ids, keys, values, weights = _table(words[at + 1 : end], 4, path)
        changes.append(Change(ids, keys, values.view(np.int64), weights.view(np.int64)))
        at = end
    return changes


def _file(path: Path) -> Unsigned:
    if path.stat().st_size % 8 != 0:
        raise ValueError(f"{path}: not a whole number of 64-bit words")
    return np.fromfile(path, dtype="<u8")


def _table(words: Unsigned, width: int, path: Path) -> list[Unsigned]:
    if len(words) % width != 0:
        raise ValueError(f"{path}: not a whole number of rows of {width} words")
    return [np.ascontiguousarray(column) for column in words.reshape(-1, width).T]
