"""Polars: columns under change, and a lazy query over them collected after each.

Choices, each measured with polars 2.1.0 at 50,000 rows, medians in microseconds, on a shared 2-core machine:

- The base is numpy columns, which a `polars.Series` takes over without a copy (tried: it shows a later write);
  ids are positions, so a change is an indexed assignment: 39 for 1,000 changes, 413 for 50,000. By
  `Series.scatter` it takes 67 and 734, by `DataFrame.update` 1,850 and 2,840, by anti join and `concat` 1,070
  and 1,600. An output must not outlive the step, as it may share a column with the base.
- Queries are lazy and collected by the in-memory engine, the default. The streaming engine was
  slower by 2 % (join) to 11 % (group-by), and at 1,000,000 rows faster by 1 % to 3 %.
- `all` is two queries over one join, given to `polars.collect_all`, which computes what they share once
  (docs.pola.rs, user guide, lazy API, multiplexing queries): 3,330. A collected join first took 3,630.
"""

import os

# One worker, as for all engines; polars reads this when it is imported.
os.environ["POLARS_MAX_THREADS"] = "1"

import numpy as np
import polars as pl

from inputs import Change, Dimension, Output, Rows

Prepared = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Positions, new keys, new values."""


class Polars:
    """A view that Polars computes anew in each step, on one thread."""

    recomputes = True

    def __init__(self, view: str, rows: Rows, dimension: Dimension) -> None:
        self.view = view
        self.ids = pl.Series("id", rows.ids)
        self.keys, self.values = rows.keys.copy(), rows.values.copy()
        self.dimension = pl.LazyFrame({"key": dimension.keys, "class": dimension.classes})
        self.outputs: list[pl.DataFrame] = []
        self.refresh()

    def prepare(self, change: Change) -> Prepared:
        """The new rows as columns."""
        new = change.new()
        return new.ids.astype(np.intp), new.keys, new.values

    def follow(self, prepared: Prepared) -> None:
        """Writes the new rows over the old ones."""
        positions, keys, values = prepared
        self.outputs = []
        self.keys[positions] = keys
        self.values[positions] = values

    def step(self, prepared: Prepared) -> int:
        """Writes the new rows, and collects the view as data frames."""
        self.follow(prepared)
        self.refresh()
        return sum(output.height for output in self.outputs)

    def refresh(self) -> None:
        """Computes the outputs from the base."""
        base = pl.DataFrame({"id": self.ids, "key": self.keys, "value": self.values}).lazy()
        self.outputs = pl.collect_all(query) if len(query := self._query(base)) > 1 else [query[0].collect()]

    def read(self) -> list[Output]:
        """The whole outputs."""
        outputs = []
        for index, frame in enumerate(self.outputs):
            columns = [column.to_numpy() for column in frame.get_columns()]
            if self.view == "filter_map":
                a, b, c = (*columns, 0)
            elif self.view == "all":
                a, b, c = (index, *columns)
            else:
                a, b, c = columns
            outputs.append(Output.of((a, b, c), frame.height))
        return outputs

    def _query(self, base: pl.LazyFrame) -> list[pl.LazyFrame]:
        value, bucket = pl.col("value"), pl.col("key") % 1000
        match self.view:
            case "filter_map":
                return [base.filter(value % 2 == 0).select("id", half=value // 2)]
            case "group_by":
                return [base.group_by(bucket=bucket).agg(total=value.sum(), n=pl.len())]
            case "join":
                return [base.join(self.dimension, on="key").select("id", "value", "class")]
            case _:
                joined = base.filter(value % 2 == 0).join(self.dimension, on="key")
                sums = joined.group_by(bucket=bucket).agg(total=value.sum())
                return [sums, joined.group_by("class").agg(n=pl.len())]
