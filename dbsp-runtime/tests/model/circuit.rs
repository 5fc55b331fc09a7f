//! The circuit under test: every operator over two inputs, each with a view.

use std::fmt::Debug;

use dbsp_runtime::{Circuit, Count, Error, Input, KeyedView, Recovery, Row, Sum, View};

use crate::maps::{Inputs, Map, Results};
use crate::random::Change;
use crate::rows::{Kind, call_closure};

/// The circuit and its handles.
pub(crate) struct Engine<K: Row, V: Row> {
    circuit: Circuit,
    inputs: [Input<(K, V)>; 2],
    left: KeyedView<K, V>,
    /// Plus, minus, what a filter keeps, then the four sets, semijoin, antijoin.
    rows: [View<(K, V)>; 9],
    join: View<(K, (V, V))>,
    totals: KeyedView<K, (i64, i64)>,
    /// Least, greatest, and the rows of the greatest rank.
    extremes: [KeyedView<K, V>; 3],
}

impl<K: Kind, V: Kind> Engine<K, V> {
    /// A circuit before its first step.
    pub(crate) fn new() -> Self {
        let (circuit, build) = Circuit::build(|b| {
            let (left, left_input) = b.input::<(K, V)>("left");
            let (right, right_input) = b.input::<(K, V)>("right");
            let keys = right.map(|row| {
                call_closure();
                row.0.clone()
            });
            let number = |value: &V| {
                call_closure();
                value.number()
            };
            let is_even = move |row: &(K, V)| number(&row.1) % 2 == 0;
            let by_rank = left.index_by(move |row| (row.0.clone(), (number(&row.1) % 2, row.1.clone())));
            let rows = [
                left.plus(right).view(),
                left.minus(right).view(),
                left.filter(is_even).view(),
                left.distinct().view(),
                left.union(right).view(),
                left.intersect(right).view(),
                left.except(right).view(),
                left.keyed().semijoin(keys).rows().view(),
                left.keyed().antijoin(keys).rows().view(),
            ];
            let pair = |key: &K, one: &V, other: &V| {
                call_closure();
                (key.clone(), (one.clone(), other.clone()))
            };
            let extremes = [
                left.keyed().min().view(),
                left.keyed().max().view(),
                by_rank.arg_max().map_values(|(_, value)| value.clone()).view(),
            ];
            let inputs = [left_input, right_input];
            let join = left.keyed().join(right.keyed(), pair).view();
            let totals = left.keyed().aggregate((Count, Sum(number))).view();
            (inputs, left.keyed().view(), rows, join, totals, extremes)
        })
        .expect("the circuit is complete");
        let (inputs, left, rows, join, totals, extremes) = build;
        Self { circuit, inputs, left, rows, join, totals, extremes }
    }

    /// A circuit that holds some rows.
    pub(crate) fn holding(inputs: &Inputs<K, V>) -> Self {
        let mut engine = Self::new();
        for (input, rows) in engine.inputs.into_iter().zip(&inputs.sides) {
            let weight = |weight: &i128| i64::try_from(*weight).expect("it was held before");
            engine.circuit[input].extend(rows.iter().map(|(row, sum)| (row.clone(), weight(sum))));
        }
        engine.step().expect("it was held before");
        engine
    }

    pub(crate) fn feed(&mut self, changes: &[Change]) {
        for (side, key, value, weight) in changes {
            self.circuit[self.inputs[*side]].push((K::of(*key), V::of(*value)), *weight);
        }
    }

    pub(crate) fn step(&mut self) -> Result<(), Error> {
        self.circuit.step()
    }

    pub(crate) fn recover(&mut self, recovery: Recovery) {
        self.circuit.recover(recovery).expect("the circuit is not poisoned");
    }

    /// Compares each view with the model.
    pub(crate) fn assert_holds(&self, results: &Results<K, V>, context: &str) {
        let Results { left, plus, minus, kept, sets, join, semijoin, antijoin, totals, min, max, best } =
            results;
        let rows = [plus, minus, kept].into_iter().chain(sets).chain([semijoin, antijoin]);
        for (i, (view, expected)) in self.rows.into_iter().zip(rows).enumerate() {
            assert_equal(self.circuit[view].iter(), expected, &format!("view {i}: {context}"));
        }
        assert_equal(self.circuit[self.join].iter(), join, &format!("join: {context}"));
        self.assert_keyed(self.left, left, &format!("left: {context}"));
        self.assert_keyed(self.totals, totals, &format!("totals: {context}"));
        for (view, expected) in self.extremes.into_iter().zip([min, max, best]) {
            self.assert_keyed(view, expected, &format!("extremes: {context}"));
        }
    }

    fn assert_keyed<U: Row + Debug>(&self, view: KeyedView<K, U>, expected: &Map<(K, U)>, context: &str) {
        let rows: Vec<_> = self.circuit[view]
            .iter()
            .map(|(key, value, weight)| ((key.clone(), value.clone()), weight))
            .collect();
        assert_equal(rows.iter().map(|(row, weight)| (row, *weight)), expected, context);
        for ((key, value), weight) in expected {
            assert_eq!(i128::from(self.circuit[view].weight(key, value)), *weight, "{context}");
        }
    }
}

fn assert_equal<'a, R: Row + Debug>(
    rows: impl Iterator<Item = (&'a R, &'a i64)>,
    expected: &Map<R>,
    context: &str,
) {
    let mut rows: Vec<(&R, i128)> = rows.map(|(row, weight)| (row, i128::from(*weight))).collect();
    rows.sort_unstable();
    assert!(
        rows.iter().copied().eq(expected.iter().map(|(row, weight)| (row, *weight))),
        "{context}: {:.300}",
        format!("{rows:?} instead of {expected:?}")
    );
}
