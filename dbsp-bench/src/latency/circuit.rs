//! The circuits of the latency suite.

use dbsp_runtime::{Circuit, Input, Stream, View};
use dbsp_zset::Delta;

use super::{Engine, KEYS, Pair, Plain};

/// A circuit of one map, or of blocks of ten operators in a row.
pub(super) struct Chain {
    pub(super) circuit: Circuit,
    rows: Input<Pair>,
    view: View<Pair>,
}

impl Chain {
    /// A circuit of `blocks` times ten operators, or of a single map; its dimension is loaded.
    pub(super) fn new(blocks: usize) -> anyhow::Result<Self> {
        let (mut circuit, (rows, dimension, view)) = Circuit::build(|builder| {
            let (rows, rows_input) = builder.input::<Pair>("rows");
            let (dimension, dimension_input) = builder.input::<Pair>("dimension");
            let view = if blocks == 0 {
                rows.map(|row| (row.0, row.1 + 1)).view()
            } else {
                (0..blocks).fold(rows, |rows, _| ten(rows, dimension)).view()
            };
            (rows_input, dimension_input, view)
        })?;
        circuit[dimension].extend((0..KEYS).map(|key| ((key, added(key)), 1)));
        circuit.step()?;
        Ok(Self { circuit, rows, view })
    }

    /// How many operators a row may pass: every node of the circuit but the inputs.
    pub(super) fn operators(&self) -> usize {
        self.circuit.graph().nodes.iter().filter(|node| !node.inputs.is_empty()).count()
    }
}

impl Engine for Chain {
    fn step(&mut self, change: &mut Delta<Pair>) -> anyhow::Result<()> {
        self.circuit[self.rows].append(change);
        self.circuit.step()?;
        std::hint::black_box(self.circuit.delta(self.view).weights().iter().sum::<i64>());
        Ok(())
    }

    fn view(&self) -> Plain {
        self.circuit[self.view].iter().map(|(row, weight)| (*row, *weight)).collect()
    }
}

/// What the dimension adds to the values of a key.
pub fn added(key: u64) -> i64 {
    (key % 7).cast_signed()
}

/// Ten operators: stateless ones, each kept from fusing with the next, around a join and an aggregate.
///
/// The filters let every row pass: an operator that drops the row would spare the ones behind it their work.
pub(super) fn ten<'b>(rows: Stream<'b, Pair>, dimension: Stream<'b, Pair>) -> Stream<'b, Pair> {
    let rows = rows.map(|row| (row.0, row.1 + 1)).materialise();
    let rows = rows.filter(|row| row.1 != i64::MIN).materialise();
    let rows = rows.map(|row| (row.0, row.1 * 2)).materialise();
    let rows = rows
        .index_by(|row| *row)
        .join(dimension.index_by(|row| *row), |key, value, added| (*key, value + added));
    let rows = rows.filter(|row| row.1 != i64::MIN).materialise();
    let rows = rows.map(|row| (row.0, row.1 - 1)).materialise();
    let rows = rows.index_by(|row| *row).sum();
    let rows = rows.rows().map(|row| (row.0, row.1 / 2)).materialise();
    let rows = rows.filter(|row| row.1 != i64::MIN).materialise();
    rows.map(|row| (row.0, row.1 ^ 1)).materialise()
}
