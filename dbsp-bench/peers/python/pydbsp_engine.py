"""PyDBSP: its operators wired into one circuit, stepped once a change.

Choices, each measured with pydbsp 2.1.0 on Python 3.13 at 50,000 rows and 1,000 changes, medians in
milliseconds of a step without its compaction, on a shared 2-core machine:

- All on a one-dimensional lattice, as `notebooks/sql.ipynb` of its repository advises where there is no
  fixed point.
- The group-by follows that notebook's pattern (integrate, aggregate pointwise, differentiate) over sums and
  counts kept as weights, which `LiftGroupBy` advises for linear aggregates and `notebooks/wordcount.ipynb`
  shows: 2.4. `DeltaLiftedDeltaLiftedGroupBy` over the same weights took 8.6, and over the rows, as in the
  README, 51, for it integrates all rows twice, and reads each changed group whole.
- The join is the bilinear formula of the paper, `I(a) >< b + a >< z^-1 I(b)`, from its `Integrate`, `Delay`
  and `sort_merge_join`: 48. `IndexedDeltaLiftedDeltaLiftedJoin`, which is for nested streams, took 96. Both
  copy the integral's dictionaries in each step, and the merge walks all keys of the dimension.
- `Evaluator.compact` runs after each step, inside the clock, as without it each step would leave one more
  copy of the state behind: 3 more for the join, 0.4 for the group-by.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from pydbsp.circuit import Circuit
from pydbsp.compute import ComputeCtx
from pydbsp.core import Antichain, dbsp_time
from pydbsp.evaluate import Evaluator
from pydbsp.indexed_relational_operators import LiftIndex
from pydbsp.indexed_zset import IndexedZSetAddition, sort_merge_join
from pydbsp.operator import Delay, Differentiate, Input, Integrate, Lift1, Lift2
from pydbsp.progress import NodeId
from pydbsp.relational_operators import LiftProject, LiftSelect
from pydbsp.storage import DictStorage
from pydbsp.zset import ZSet, ZSetAddition

from inputs import Change, Dimension, Output, Rows

Z: ZSetAddition = ZSetAddition()
WORD = 2**64 - 1

Encode = Callable[[Any], tuple[int, int, int]]
"""An output row in the common form, columns still signed."""


class PyDbsp:
    """A view that PyDBSP maintains: each step gives its delta."""

    recomputes = False

    def __init__(self, view: str, rows: Rows, dimension: Dimension) -> None:
        lattice = dbsp_time(1)
        self.evaluator = Evaluator(
            circuit=Circuit(), storage=DictStorage(), ctx=ComputeCtx(lattice=lattice), group=Z
        )
        circuit = self.evaluator.circuit
        self.rows = Input(frontier=Antichain(lattice)).connect(circuit, ())
        # A view without a join has no dimension, as the other engines do not read theirs there.
        self.dimension = None
        if view in ("join", "all"):
            self.dimension = Input(frontier=Antichain(lattice)).connect(circuit, ())
        self.outputs = _outputs(view, circuit, self.rows, self.dimension)
        self.clock = 0
        self.deltas: list[ZSet] = []
        load = zip(rows.ids.tolist(), rows.keys.tolist(), rows.values.tolist(), strict=True)
        classes = zip(dimension.keys.tolist(), dimension.classes.tolist(), strict=True)
        self._step(_zset(load, 1), _zset(classes, 1))

    def prepare(self, change: Change) -> ZSet:
        """The delta as a Z-set."""
        columns = (change.ids.tolist(), change.keys.tolist(), change.values.tolist())
        delta: dict[tuple[int, int, int], int] = {}
        for row, weight in zip(zip(*columns, strict=True), change.weights.tolist(), strict=True):
            delta[row] = delta.get(row, 0) + weight
        return ZSet({row: weight for row, weight in delta.items() if weight != 0})

    def follow(self, prepared: ZSet) -> None:
        """Takes a step: what is maintained cannot skip one."""
        self.step(prepared)

    def step(self, prepared: ZSet) -> int:
        """Pushes the delta and reads that of the output."""
        self._step(prepared, Z.identity())
        return sum(sum(delta.inner.values()) for delta in self.deltas)

    def refresh(self) -> None:
        """Nothing to do: each step leaves the output up to date."""

    def read(self) -> list[Output]:
        """The delta of the last step."""
        return [
            _encoded(delta, encode) for delta, (_, encode) in zip(self.deltas, self.outputs, strict=True)
        ]

    def _step(self, rows: ZSet, dimension: ZSet) -> None:
        evaluator = self.evaluator
        evaluator.push(self.rows, rows)
        if self.dimension is not None:
            evaluator.push(self.dimension, dimension)
        self.deltas = [evaluator.read(node, (self.clock,)) for node, _ in self.outputs]
        evaluator.compact()
        self.clock += 1


def _outputs(
    view: str, circuit: Circuit, rows: NodeId, dimension: NodeId | None
) -> list[tuple[NodeId, Encode]]:
    """Wires a view; gives its outputs and how their rows are encoded."""
    match view:
        case "filter_map":
            even = LiftSelect(pred=_is_even).connect(circuit, (rows,))
            mapped = LiftProject(f=lambda row: (row[0], row[2] // 2)).connect(circuit, (even,))
            return [(mapped, lambda row: (row[0], row[1], 0))]
        case "group_by":
            groups = _sums_and_counts(circuit, rows, lambda row: row[1] % 1000, lambda row: row[2])
            return [(groups, lambda row: row)]
        case "join":
            joined = _join(circuit, rows, dimension, lambda _key, row, other: (row[0], row[2], other[1]))
            return [(joined, lambda row: row)]
        case _:
            even = LiftSelect(pred=_is_even).connect(circuit, (rows,))
            # A row's id is kept: without it rows meet here already, and a step took 40.5 ms against 38.2 (CPU).
            joined = _join(
                circuit, even, dimension, lambda key, row, other: (row[0], key % 1000, row[2], other[1])
            )
            sums = _sums_and_counts(circuit, joined, lambda row: row[1], lambda row: row[2])
            counts = _counts(circuit, joined, lambda row: row[3])
            return [(sums, lambda row: (0, row[0], row[1])), (counts, lambda row: (1, row[0], row[1]))]


def _is_even(row: tuple[int, int, int]) -> bool:
    return row[2] % 2 == 0


def _sums_and_counts(
    circuit: Circuit, rows: NodeId, group: Callable[[Any], int], value: Callable[[Any], int]
) -> NodeId:
    """`(group, sum, count)`. A group's weight under `True` is its count, under `False` its sum."""

    def weigh(rows: ZSet) -> ZSet:
        weights: dict[tuple[int, bool], int] = {}
        for row, weight in rows.items():
            of = group(row)
            count, total = (of, True), (of, False)
            weights[count] = weights.get(count, 0) + weight
            weights[total] = weights.get(total, 0) + weight * value(row)
        return ZSet({key: weight for key, weight in weights.items() if weight != 0})

    def table(weights: ZSet) -> ZSet:
        of = weights.inner
        return ZSet({(key, of.get((key, False), 0), n): 1 for (key, is_count), n in of.items() if is_count})

    return _aggregate(circuit, rows, weigh, table)


def _counts(circuit: Circuit, rows: NodeId, group: Callable[[Any], int]) -> NodeId:
    """`(group, count)`: a group's weight is its count."""
    return _aggregate(
        circuit,
        LiftProject(f=group).connect(circuit, (rows,)),
        lambda groups: groups,
        lambda weights: ZSet(dict.fromkeys(weights.inner.items(), 1)),
    )


def _aggregate(
    circuit: Circuit, rows: NodeId, weigh: Callable[[ZSet], ZSet], table: Callable[[ZSet], ZSet]
) -> NodeId:
    weights = Lift1(f=weigh).connect(circuit, (rows,))
    integral = Integrate(group=Z).connect(circuit, (weights,))
    return Differentiate(group=Z).connect(circuit, (Lift1(f=table).connect(circuit, (integral,)),))


def _join(circuit: Circuit, rows: NodeId, dimension: NodeId | None, project: Callable) -> NodeId:
    """Rows and dimension that have the same key."""
    assert dimension is not None
    row_key, class_key = (lambda row: row[1]), (lambda row: row[0])
    row_group, class_group = IndexedZSetAddition(Z, row_key), IndexedZSetAddition(Z, class_key)
    left = LiftIndex(indexer=row_key).connect(circuit, (rows,))
    right = LiftIndex(indexer=class_key).connect(circuit, (dimension,))
    left_integral = Integrate(group=row_group).connect(circuit, (left,))
    right_before = Delay(group=class_group).connect(
        circuit, (Integrate(group=class_group).connect(circuit, (right,)),)
    )
    merge = Lift2(op=lambda a, b: sort_merge_join(a, b, project))
    terms = merge.connect(circuit, (left_integral, right)), merge.connect(circuit, (left, right_before))
    return Lift2(op=Z.add).connect(circuit, terms)


def _zset(rows: Any, weight: int) -> ZSet:
    """Rows, each with a weight; one that occurs twice has it twice."""
    out: dict[Any, int] = {}
    for row in rows:
        out[row] = out.get(row, 0) + weight
    return ZSet(out)


def _encoded(delta: ZSet, encode: Encode) -> Output:
    rows = [encode(row) for row in delta.inner]
    # Python's integers have no width: as words they wrap as two's complement does.
    words = np.array([column & WORD for row in rows for column in row], dtype=np.uint64).reshape(-1, 3)
    weights = np.array(list(delta.inner.values()), dtype=np.int64)
    return Output.of((words[:, 0], words[:, 1], words[:, 2]), len(rows), weights)
