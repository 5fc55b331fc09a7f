//! One-row steps through chains of operators on Feldera: the ten of the suite, each an operator of its own, with
//! `map`, `filter`, `join_index`, and `aggregate_linear_postprocess` for a sum that carries its count.

use std::collections::BTreeMap;

use anyhow::Result;
use dbsp_bench::latency::{Engine, KEYS, Pair, Plain, added};
use dbsp_zset::Delta;
use feldera::utils::Tup2;
use feldera::{DBSPHandle, OrdIndexedZSet, OrdZSet, RootCircuit, Stream, ZSetHandle, ZWeight};

use super::output::Output;

/// A row: key, value.
type Row = Tup2<u64, i64>;
type Rows = Stream<RootCircuit, OrdZSet<Row>>;
type Keyed = Stream<RootCircuit, OrdIndexedZSet<u64, i64>>;

/// A circuit with a chain.
struct Feldera {
    circuit: DBSPHandle,
    rows: ZSetHandle<Row>,
    output: Output<OrdZSet<Row>>,
    prepared: Vec<Tup2<Row, ZWeight>>,
    view: Plain,
}

/// The engine with `blocks` times ten operators, or with a single map; its dimension is loaded.
///
/// # Errors
/// When the circuit cannot be built or faults on the load.
pub fn make(blocks: usize) -> Result<Box<dyn Engine>> {
    let (mut circuit, (rows, dimension, output)) = super::start(move |circuit: &mut RootCircuit| {
        let (rows, rows_handle) = circuit.add_input_zset::<Row>();
        let (dimension, dimension_handle) = circuit.add_input_indexed_zset::<u64, i64>();
        let result = if blocks == 0 {
            rows.map(|Tup2(key, value)| Tup2(*key, value + 1))
        } else {
            (0..blocks).fold(rows, |rows, _| ten(&rows, &dimension))
        };
        Ok((rows_handle, dimension_handle, result.accumulate_output()))
    })?;
    dimension.append(&mut (0..KEYS).map(|key| Tup2(key, Tup2(added(key), 1))).collect());
    circuit.transaction()?;
    let (output, prepared, view) = (Output::new(output), Vec::new(), BTreeMap::new());
    Ok(Box::new(Feldera { circuit, rows, output, prepared, view }))
}

/// Ten operators, as `dbsp-bench`'s own circuit has them.
fn ten(rows: &Rows, dimension: &Keyed) -> Rows {
    rows.map(|Tup2(key, value)| Tup2(*key, value + 1))
        .filter(|Tup2(_, value)| *value != i64::MIN)
        .map_index(|Tup2(key, value)| (*key, value * 2))
        .join(dimension, |key, value, added| Tup2(*key, value + added))
        .filter(|Tup2(_, value)| *value != i64::MIN)
        .map_index(|Tup2(key, value)| (*key, value - 1))
        .aggregate_linear_postprocess(|value| Tup2(*value, 1_i64), |Tup2(sum, _)| sum)
        .map(|(key, sum)| Tup2(*key, sum / 2))
        .filter(|Tup2(_, value)| *value != i64::MIN)
        .map(|Tup2(key, value)| Tup2(*key, value ^ 1))
}

impl Engine for Feldera {
    fn prepare(&mut self, change: &Delta<Pair>) -> Result<()> {
        self.prepared =
            change.iter().map(|((key, value), weight)| Tup2(Tup2(*key, *value), *weight)).collect();
        Ok(())
    }

    fn step(&mut self, _: &mut Delta<Pair>) -> Result<()> {
        self.rows.append(&mut self.prepared);
        self.circuit.transaction()?;
        self.output.take();
        std::hint::black_box(self.output.touch());
        Ok(())
    }

    fn settle(&mut self) {
        let view = &mut self.view;
        self.output.for_each(|Tup2(key, value), (), weight| {
            let sum = view.entry((*key, *value)).or_default();
            *sum += weight;
            if *sum == 0 {
                view.remove(&(*key, *value));
            }
        });
    }

    fn view(&self) -> Plain {
        self.view.clone()
    }

    fn works_on_this_thread(&self) -> bool {
        false
    }
}
