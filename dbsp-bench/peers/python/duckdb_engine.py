"""DuckDB: a table in memory under bulk updates, and the view asked again after each.

Choices, each measured with duckdb 2.0.1 at 50,000 rows unless said otherwise, medians in microseconds on a
shared 2-core machine; figures of one item are of one run, a pair is of 1,000 and of 50,000 changes:

- A change comes in by `UPDATE ... FROM` (duckdb.org/docs/stable/sql/statements/update): 1,690 and 4,920.
  `MERGE INTO` took 1,780 and 5,120, `INSERT OR REPLACE` 2,240 and 9,000, delete and insert 2,840 and 6,900,
  rebuilding the table by an anti join 2,200 and 3,700. The update does not slow down over 600 steps.
- No primary key: indexes slow updates down (duckdb.org/docs/stable/sql/indexes); here it made no difference.
- The change's own form is a native temporary table, made anew before the clock: 1,200 and 3,170, against
  1,240 and 4,050 from an Arrow table and 2,210 and 3,610 for the rebuild. Emptying and filling one table
  instead, with the update prepared, goes wrong: it took 14,000 after 400 steps, and 700,000.
- The query is prepared (duckdb.org/docs/stable/sql/query_syntax/prepared_statements): a group-by takes 1,480
  against 1,710 by `sql()`. A DB-API result is copied once more on its way to Arrow, of which DuckDB warns, so
  long outputs are fetched by `sql()`: the join of 1,000,000 rows takes 20.8 ms against 25.1 ms.
- `all` is one statement over a materialised CTE: 3,750. By `GROUPING SETS` 3,970, as two queries 6,070.
"""

import warnings

import duckdb
import pyarrow as pa

from inputs import Change, Dimension, Output, Rows

# Sums are cast from HUGEINT, which Arrow has as decimals; an error where one does not fit.
QUERIES = {
    "filter_map": "SELECT id, value // 2 AS half FROM base WHERE value % 2 = 0",
    "group_by": """
        SELECT key % 1000 AS bucket, sum(value)::BIGINT AS total, count(*) AS n FROM base GROUP BY bucket
    """,
    "join": "SELECT id, value, class FROM base JOIN dimension USING (key)",
    "all": """
        WITH joined AS MATERIALIZED (
            SELECT key % 1000 AS bucket, value, class
            FROM base JOIN dimension USING (key) WHERE value % 2 = 0
        )
        SELECT 0 AS output, bucket, sum(value)::BIGINT AS total FROM joined GROUP BY bucket
        UNION ALL
        SELECT 1, class, count(*) FROM joined GROUP BY class
    """,
}

UPDATE = "UPDATE base SET key = change.key, value = change.value FROM change WHERE base.id = change.id"

LONG_OUTPUT = 50_000
"""Outputs of this many rows and more are fetched without the copy of a DB-API result."""


class DuckDb:
    """A view that DuckDB computes anew in each step, on one thread."""

    recomputes = True

    def __init__(self, view: str, rows: Rows, dimension: Dimension) -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("CREATE TABLE base (id UBIGINT, key UBIGINT, value BIGINT)")
        self.connection.execute("CREATE TABLE dimension (key UBIGINT, class UBIGINT)")
        self._insert("base", _table(rows))
        self._insert("dimension", pa.table({"key": dimension.keys, "class": dimension.classes}))
        self.query = QUERIES[view]
        self.connection.execute(f"PREPARE view AS {self.query}")
        self.is_long = False
        # The copy is known and measured: see the head of this file.
        warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
        self.refresh()
        self.is_long = self.output.num_rows >= LONG_OUTPUT

    def prepare(self, change: Change) -> None:
        """Makes the new rows a native table; the base has not seen them yet."""
        self.connection.register("arrow", _table(change.new()))
        self.connection.execute("CREATE OR REPLACE TEMP TABLE change AS SELECT * FROM arrow")
        self.connection.unregister("arrow")

    def follow(self, prepared: None) -> None:
        """Writes the new rows over the old ones."""
        self.connection.execute(UPDATE)

    def step(self, prepared: None) -> int:
        """Updates, and asks for the view as an Arrow table."""
        self.connection.execute(UPDATE)
        self.refresh()
        return self.output.num_rows

    def refresh(self) -> None:
        """Computes the output from the base."""
        if self.is_long:
            self.output = self.connection.sql(self.query).to_arrow_table()
        else:
            self.output = self.connection.execute("EXECUTE view").to_arrow_table()

    def read(self) -> list[Output]:
        """The whole output."""
        columns = [column.to_numpy() for column in self.output.columns]
        a, b, c = columns if len(columns) == 3 else (*columns, 0)
        return [Output.of((a, b, c), self.output.num_rows)]

    def _insert(self, table: str, rows: pa.Table) -> None:
        self.connection.register("arrow", rows)
        self.connection.execute(f"INSERT INTO {table} SELECT * FROM arrow")
        self.connection.unregister("arrow")


def _table(rows: Rows) -> pa.Table:
    return pa.table({"id": rows.ids, "key": rows.keys, "value": rows.values})
