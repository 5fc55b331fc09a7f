//! The headline's views on Feldera.
//!
//! Operators are those of its tutorial (`dbsp::tutorial`, "Joining" and "Aggregation") and of its own Nexmark
//! queries: `flat_map` with an `Option` for filter and map in one (`queries/q2.rs`), `map_index` with `join` or
//! `join_index` (`q3.rs`, `q4.rs`), `aggregate_linear` for sums. A sum carries its count, as their SQL compiler
//! has it with `aggregate_linear_postprocess`: a group whose values add up to zero is still there.

use std::collections::VecDeque;

use anyhow::{Context as _, Result};
use dbsp_bench::headline::{
    Attribute, Change, Engine, GROUPS, Kind, Outcome, OutputRow, Record, View, Workload,
};
use feldera::typed_batch::SpineSnapshot;
use feldera::utils::{Tup2, Tup3};
use feldera::{DBSPHandle, OrdIndexedZSet, OrdZSet, OutputHandle, RootCircuit, Stream, ZSetHandle, ZWeight};

use super::output::{Output, Rows};

/// A row of the table.
type Row = Tup3<u64, u64, i64>;
/// A row of the dimension.
type Dimension = Tup2<u64, u64>;

/// A circuit with one of the views.
struct Feldera {
    circuit: DBSPHandle,
    rows: ZSetHandle<Row>,
    outputs: Vec<Box<dyn Reader>>,
    prepared: VecDeque<Vec<Tup2<Row, ZWeight>>>,
}

/// The engine with `view` over the workload's base.
///
/// # Errors
/// When the circuit cannot be built or faults on the load.
pub fn make(view: View, workload: &Workload) -> Result<Box<dyn Engine>> {
    let (mut circuit, (rows, dimension, handles)) = super::start(move |circuit: &mut RootCircuit| {
        let (rows, rows_handle) = circuit.add_input_zset::<Row>();
        let (dimension, dimension_handle) = circuit.add_input_zset::<Dimension>();
        Ok((rows_handle, dimension_handle, query(view, &rows, &dimension)))
    })?;
    rows.append(&mut workload.base.iter().map(|row| Tup2(own(row), 1)).collect());
    let attribute = |(key, class): &Attribute| Tup2(Tup2(*key, *class), 1);
    dimension.append(&mut workload.dimension.iter().map(attribute).collect());
    circuit.transaction()?;
    let mut outputs = handles.readers();
    outputs.iter_mut().for_each(|output| output.take());
    Ok(Box::new(Feldera { circuit, rows, outputs, prepared: VecDeque::new() }))
}

/// A row in Feldera's form.
fn own((id, key, value): &Record) -> Row {
    Tup3(*id, *key, *value)
}

type Mapped = OrdZSet<Tup2<u64, i64>>;
type Groups = OrdIndexedZSet<u64, Tup2<i64, i64>>;
type Joined = OrdZSet<Tup3<u64, i64, u64>>;
type Numbers = OrdIndexedZSet<u64, i64>;

/// The outputs of a view.
#[derive(Clone)]
enum Handles {
    FilterMap(OutputHandle<SpineSnapshot<Mapped>>),
    GroupBy(OutputHandle<SpineSnapshot<Groups>>),
    Join(OutputHandle<SpineSnapshot<Joined>>),
    All([OutputHandle<SpineSnapshot<Numbers>>; 2]),
}

/// The query of a view.
fn query(
    view: View,
    rows: &Stream<RootCircuit, OrdZSet<Row>>,
    dimension: &Stream<RootCircuit, OrdZSet<Dimension>>,
) -> Handles {
    match view {
        View::FilterMap => {
            let mapped = rows.flat_map(|Tup3(id, _, value)| (value % 2 == 0).then(|| Tup2(*id, value / 2)));
            Handles::FilterMap(mapped.accumulate_output())
        }
        View::GroupBy => {
            let groups = rows
                .map_index(|Tup3(_, key, value)| (key % GROUPS, *value))
                .aggregate_linear(|value| Tup2(*value, 1_i64));
            Handles::GroupBy(groups.accumulate_output())
        }
        View::Join => {
            let joined = rows.map_index(|Tup3(id, key, value)| (*key, Tup2(*id, *value))).join(
                &dimension.map_index(|Tup2(key, class)| (*key, *class)),
                |_, Tup2(id, value), class| Tup3(*id, *value, *class),
            );
            Handles::Join(joined.accumulate_output())
        }
        View::All => {
            let joined = rows
                .flat_map_index(|Tup3(_, key, value)| (value % 2 == 0).then_some((*key, *value)))
                .join_index(&dimension.map_index(|Tup2(key, class)| (*key, *class)), |key, value, class| {
                    Some((key % GROUPS, Tup2(*value, *class)))
                });
            let sums =
                joined.aggregate_linear_postprocess(|Tup2(value, _)| Tup2(*value, 1_i64), |Tup2(sum, _)| sum);
            let counts = joined.map(|(_, Tup2(_, class))| *class).weighted_count();
            Handles::All([sums.accumulate_output(), counts.accumulate_output()])
        }
    }
}

impl Handles {
    fn readers(self) -> Vec<Box<dyn Reader>> {
        fn reader<B: Rows + 'static>(
            handle: OutputHandle<SpineSnapshot<B>>,
            encode: fn(&B::Key, &B::Val) -> OutputRow,
        ) -> Box<dyn Reader> {
            Box::new((Output::<B>::new(handle), encode))
        }
        match self {
            Self::FilterMap(handle) => {
                vec![reader::<Mapped>(handle, |Tup2(id, half), ()| [*id, half.cast_unsigned(), 0])]
            }
            Self::GroupBy(handle) => vec![reader::<Groups>(handle, |group, Tup2(sum, count)| {
                [*group, sum.cast_unsigned(), count.cast_unsigned()]
            })],
            Self::Join(handle) => {
                vec![reader::<Joined>(handle, |Tup3(id, value, class), ()| {
                    [*id, value.cast_unsigned(), *class]
                })]
            }
            Self::All([sums, counts]) => vec![
                reader::<Numbers>(sums, |group, sum| [0, *group, sum.cast_unsigned()]),
                reader::<Numbers>(counts, |class, count| [1, *class, count.cast_unsigned()]),
            ],
        }
    }
}

/// Reads one output.
trait Reader {
    fn take(&mut self);
    fn touch(&self) -> i64;
    fn read(&self, outcome: &mut Outcome);
}

impl<B: Rows> Reader for (Output<B>, fn(&B::Key, &B::Val) -> OutputRow) {
    fn take(&mut self) {
        self.0.take();
    }

    fn touch(&self) -> i64 {
        self.0.touch()
    }

    fn read(&self, outcome: &mut Outcome) {
        self.0.for_each(|key, value, weight| outcome.add((self.1)(key, value), weight));
    }
}

impl Engine for Feldera {
    fn prepare(&mut self, changes: &[Change]) -> Result<()> {
        let own =
            |change: &Change| change.delta.iter().map(|(row, weight)| Tup2(own(row), *weight)).collect();
        self.prepared.extend(changes.iter().map(own));
        Ok(())
    }

    fn step(&mut self, _: &mut Change) -> Result<()> {
        let mut changes = self.prepared.pop_front().context("no change was prepared")?;
        self.rows.append(&mut changes);
        self.circuit.transaction()?;
        self.outputs.iter_mut().for_each(|output| output.take());
        Ok(())
    }

    fn touch(&self) -> i64 {
        self.outputs.iter().map(|output| output.touch()).sum()
    }

    fn read(&self, outcome: &mut Outcome) {
        self.outputs.iter().for_each(|output| output.read(outcome));
    }

    fn kind(&self) -> Kind {
        Kind::Deltas
    }

    fn works_on_this_thread(&self) -> bool {
        false
    }
}
