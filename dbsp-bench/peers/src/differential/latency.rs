//! One-row steps through chains of operators on differential dataflow: the ten of the suite, each an operator of
//! its own, around `join_core` with one arrangement of the dimension for all blocks, and `count_total` for sums.

use std::collections::BTreeMap;
use std::hint::black_box;

use anyhow::Result;
use dbsp_bench::latency::{Engine, KEYS, Pair, Plain, added};
use dbsp_zset::Delta;
use differential_dataflow::operators::CountTotal as _;
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::trace::implementations::ValSpine;
use timely::dataflow::ProbeHandle;
use timely::worker::Worker;

use super::{Input, Output, Rows, Time, Update, gathered, run, worker};

type Dimension<'scope> = Arranged<'scope, TraceAgent<ValSpine<u64, i64, Time, isize>>>;

/// A dataflow with a chain.
struct Differential {
    worker: Worker,
    rows: Input<Pair>,
    dimension: Input<Pair>,
    probe: ProbeHandle<Time>,
    output: Output<Pair>,
    now: Time,
    prepared: Vec<Update<Pair>>,
    view: Plain,
}

/// The engine with `blocks` times ten operators, or with a single map; its dimension is loaded.
///
/// # Errors
/// None: the signature is that of all engines.
pub fn make(blocks: usize) -> Result<Box<dyn Engine>> {
    let mut worker = worker();
    let probe = ProbeHandle::new();
    let (mut rows, mut dimension, output) = worker.dataflow::<Time, _, _>(|scope| {
        let (rows_input, rows) = Input::new(&scope);
        let (dimension_input, dimension) = Input::new(&scope);
        let result = if blocks == 0 {
            rows.map(|(key, value)| (key, value + 1))
        } else {
            let dimension = dimension.arrange_by_key();
            (0..blocks).fold(rows, |rows, _| ten(rows, dimension.clone()))
        };
        (rows_input, dimension_input, gathered(result, &probe))
    });
    rows.send(&mut Vec::new(), 0);
    dimension.send(&mut (0..KEYS).map(|key| ((key, added(key)), 0, 1)).collect(), 0);
    run(&mut worker, &probe, 0);
    let (prepared, view) = (Vec::new(), BTreeMap::new());
    Ok(Box::new(Differential { worker, rows, dimension, probe, output, now: 1, prepared, view }))
}

/// Ten operators, as `dbsp-bench`'s own circuit has them.
fn ten<'scope>(rows: Rows<'scope, Pair>, dimension: Dimension<'scope>) -> Rows<'scope, Pair> {
    rows.map(|(key, value)| (key, value + 1))
        .filter(|(_, value)| *value != i64::MIN)
        .map(|(key, value)| (key, value * 2))
        .arrange_by_key()
        .join_core(dimension, |key, value, added| Some((*key, value + added)))
        .filter(|(_, value)| *value != i64::MIN)
        .map(|(key, value)| (key, value - 1))
        .explode(|(key, value)| Some((key, (value as isize, 1_isize))))
        .count_total()
        .map(|(key, (sum, _)): (u64, (isize, isize))| (key, sum as i64 / 2))
        .filter(|(_, value)| *value != i64::MIN)
        .map(|(key, value)| (key, value ^ 1))
}

impl Engine for Differential {
    fn prepare(&mut self, change: &Delta<Pair>) -> Result<()> {
        let time = self.now;
        self.prepared = change.iter().map(|(row, weight)| (*row, time, *weight as isize)).collect();
        Ok(())
    }

    fn step(&mut self, _: &mut Delta<Pair>) -> Result<()> {
        self.output.borrow_mut().clear();
        self.rows.send(&mut self.prepared, self.now);
        self.dimension.send(&mut Vec::new(), self.now);
        run(&mut self.worker, &self.probe, self.now);
        self.now += 1;
        black_box(self.output.borrow().iter().map(|(_, weight)| *weight).sum::<isize>());
        Ok(())
    }

    fn settle(&mut self) {
        for (row, weight) in self.output.borrow().iter() {
            let sum = self.view.entry(*row).or_default();
            *sum += *weight as i64;
            if *sum == 0 {
                self.view.remove(row);
            }
        }
    }

    fn view(&self) -> Plain {
        self.view.clone()
    }
}
