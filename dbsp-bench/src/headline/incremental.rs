//! `dbsp` and `dbsp_view`: this project's engine, through its runtime.
//!
//! `dbsp` hands out the delta of each step, as `handwritten` does; `dbsp_view` also keeps a view that can be
//! asked, as `naive_view` does. A change comes in as a prepared delta, whose buffer the circuit swaps with its own.

use std::hint::black_box;

use dbsp_ops::{Count, Sum};
use dbsp_runtime::{Circuit, Input, KeyedView, Output, Stream, Strictness, View as Kept};
use dbsp_zset::{Delta, Row};

use super::engine::{Engine, Kind, Outcome, OutputRow, View};
use super::published::{Counts, Published};
use super::workload::{Attribute, Change, GROUPS, Record, Workload};

/// A circuit with one of the four views.
pub(super) struct Incremental {
    pub(super) circuit: Circuit,
    rows: Input<Record>,
    readers: Vec<Reader>,
    kind: Kind,
}

/// Reads one output of a circuit; boxed once, called once a step.
struct Reader {
    touch: Box<dyn Fn(&Circuit) -> i64>,
    read: Box<ReadInto>,
}

/// Adds an output's rows to an outcome.
type ReadInto = dyn Fn(&Circuit, &mut Outcome);

/// `dbsp` over the workload's base.
///
/// # Errors
/// When the circuit cannot be built or faults on the load.
pub(super) fn deltas(view: View, workload: &Workload) -> anyhow::Result<Box<dyn Engine>> {
    Ok(Box::new(Incremental::new(view, workload, Kind::Deltas)?))
}

/// `dbsp_view` over the workload's base.
///
/// # Errors
/// When the circuit cannot be built or faults on the load.
pub(super) fn keeps(view: View, workload: &Workload) -> anyhow::Result<Box<dyn Engine>> {
    Ok(Box::new(Incremental::new(view, workload, Kind::Keeps)?))
}

impl Incremental {
    /// A view over the workload's base.
    ///
    /// # Errors
    /// When the circuit cannot be built or faults on the load.
    pub(super) fn new(view: View, workload: &Workload, kind: Kind) -> anyhow::Result<Self> {
        let (mut circuit, (rows, dimension, readers)) = Circuit::build(|builder| {
            let (rows, rows_input) = builder.input::<Record>("rows");
            let (dimension, dimension_input) = builder.input::<Attribute>("dimension");
            (rows_input, dimension_input, readers(view, kind, rows, dimension))
        })?;
        circuit[rows].append(&mut workload.load());
        circuit[dimension].extend(workload.dimension.iter().map(|row| (*row, 1)));
        circuit.step()?;
        Ok(Self { circuit, rows, readers, kind })
    }
}

impl Engine for Incremental {
    fn step(&mut self, change: &mut Change) -> anyhow::Result<()> {
        self.circuit[self.rows].append(&mut change.delta);
        Ok(self.circuit.step()?)
    }

    fn touch(&self) -> i64 {
        self.readers.iter().map(|reader| (reader.touch)(&self.circuit)).sum()
    }

    fn read(&self, outcome: &mut Outcome) {
        self.readers.iter().for_each(|reader| (reader.read)(&self.circuit, outcome));
    }

    fn kind(&self) -> Kind {
        self.kind
    }
}

/// Builds a view's query and the readers of its outputs.
fn readers(
    view: View,
    kind: Kind,
    rows: Stream<'_, Record>,
    dimension: Stream<'_, Attribute>,
) -> Vec<Reader> {
    let keeps = kind == Kind::Keeps;
    match view {
        View::FilterMap => {
            let mapped = rows.filter(|row| row.2 % 2 == 0).map(|row| (row.0, row.2 / 2));
            let encode = |row: &(u64, i64)| [row.0, row.1.cast_unsigned(), 0];
            vec![if keeps { kept(mapped.view(), encode) } else { changed(mapped.output(), encode) }]
        }
        View::GroupBy => {
            let groups =
                rows.index_by(|row| (row.1 % GROUPS, row.2)).aggregate((Sum(|value: &i64| *value), Count));
            let encode =
                |group: &u64, (sum, count): &(i64, i64)| [*group, sum.cast_unsigned(), count.cast_unsigned()];
            vec![if keeps {
                kept_keyed(groups.view(), encode)
            } else {
                changed_keyed(groups.output(), encode)
            }]
        }
        View::Join => {
            let joined = rows
                .index_by(|(id, key, value)| (*key, (*id, *value)))
                .join(dimension.index_by(|row| *row), |_, (id, value), class| (*id, *value, *class));
            let encode = |row: &(u64, i64, u64)| [row.0, row.1.cast_unsigned(), row.2];
            vec![if keeps { kept(joined.view(), encode) } else { changed(joined.output(), encode) }]
        }
        View::All => {
            let joined = rows
                .filter(|row| row.2 % 2 == 0)
                .index_by(|(_, key, value)| (*key, *value))
                .join(dimension.index_by(|row| *row), |key, value, class| (*key % GROUPS, *value, *class));
            let sums = joined.index_by(|(group, value, _)| (*group, *value)).sum();
            let counts = joined.index_by(|(_, _, class)| (*class, ())).count();
            let encode_sum = |group: &u64, sum: &i64| [0, *group, sum.cast_unsigned()];
            let encode_count = |class: &u64, count: &i64| [1, *class, count.cast_unsigned()];
            if keeps {
                vec![kept_keyed(sums.view(), encode_sum), kept_keyed(counts.view(), encode_count)]
            } else {
                vec![changed_keyed(sums.output(), encode_sum), changed_keyed(counts.output(), encode_count)]
            }
        }
    }
}

/// Reads the delta of an output.
fn changed<R: Row>(output: Output<R>, encode: fn(&R) -> OutputRow) -> Reader {
    Reader {
        touch: Box::new(move |circuit| touch(circuit.delta(output))),
        read: Box::new(move |circuit, outcome| {
            circuit.delta(output).iter().for_each(|(row, weight)| outcome.add(encode(row), *weight));
        }),
    }
}

/// Reads the delta of an output of keys and values.
fn changed_keyed<K: Row, V: Row>(output: Output<(K, V)>, encode: fn(&K, &V) -> OutputRow) -> Reader {
    Reader {
        touch: Box::new(move |circuit| touch(circuit.delta(output))),
        read: Box::new(move |circuit, outcome| {
            let delta = circuit.delta(output);
            delta.iter().for_each(|((key, value), weight)| outcome.add(encode(key, value), *weight));
        }),
    }
}

/// Reads a view: what changed in it inside the clock, all of it when engines are compared.
fn kept<R: Row>(view: Kept<R>, encode: fn(&R) -> OutputRow) -> Reader {
    Reader {
        touch: Box::new(move |circuit| touch(circuit.delta(view))),
        read: Box::new(move |circuit, outcome| {
            circuit[view].iter().for_each(|(row, weight)| outcome.add(encode(row), *weight));
        }),
    }
}

/// Reads a view by key.
fn kept_keyed<K: Row, V: Row>(view: KeyedView<K, V>, encode: fn(&K, &V) -> OutputRow) -> Reader {
    Reader {
        touch: Box::new(move |circuit| touch(circuit.delta(view))),
        read: Box::new(move |circuit, outcome| {
            let groups = circuit[view].iter();
            groups.for_each(|(key, value, weight)| outcome.add(encode(key, value), *weight));
        }),
    }
}

/// Reads a delta once.
fn touch<R>(delta: &Delta<R>) -> i64 {
    black_box(delta.rows());
    delta.weights().iter().sum()
}

/// Builds the circuit of the published form, loads it, changes it and counts.
///
/// # Errors
/// When the circuit cannot be built or faults.
pub(super) fn published(input: &Published) -> anyhow::Result<Counts> {
    let (mut circuit, (rows, counts)) = Circuit::build(|builder| {
        let (rows, upsert) = builder.upsert_input::<u64, &'static str>("rows", Strictness::Lenient);
        (upsert, rows.rows().index_by(|(_, category)| (*category, ())).count().view())
    })?;
    for changes in [&input.rows, &input.changes] {
        circuit[rows].extend(changes.iter().copied());
        circuit.step()?;
    }
    Ok(circuit[counts].iter().map(|(category, count, _)| (*category, *count)).collect())
}
