//! What a check looks at after each step: views, by one trait.

use std::fmt::Debug;

use dbsp_runtime::{Circuit, KeyedView, Row, View};

use crate::oracle::{Bag, bag};

/// A handle, or several, on what a circuit shows: a [`View`], a [`KeyedView`], or a vector of either with labels.
pub trait Observed {
    /// A row of the view; for a vector, with the label of its view in front.
    type Row: Ord + Clone + Debug;

    /// All that the view holds.
    fn held(&self, circuit: &Circuit) -> Bag<Self::Row>;

    /// What the last step changed.
    fn changed(&self, circuit: &Circuit) -> Bag<Self::Row>;
}

impl<R: Row + Debug> Observed for View<R> {
    type Row = R;

    fn held(&self, circuit: &Circuit) -> Bag<R> {
        bag(circuit[*self].iter().map(|(row, weight)| (row.clone(), *weight)))
    }

    fn changed(&self, circuit: &Circuit) -> Bag<R> {
        bag(circuit.delta(*self).iter().map(|(row, weight)| (row.clone(), *weight)))
    }
}

impl<K, V> Observed for KeyedView<K, V>
where
    K: Row + Debug,
    V: Row + Debug,
{
    type Row = (K, V);

    fn held(&self, circuit: &Circuit) -> Bag<(K, V)> {
        bag(circuit[*self].iter().map(|(key, value, weight)| ((key.clone(), value.clone()), *weight)))
    }

    fn changed(&self, circuit: &Circuit) -> Bag<(K, V)> {
        bag(circuit.delta(*self).iter().map(|(row, weight)| (row.clone(), *weight)))
    }
}

impl<V: Observed> Observed for Vec<(usize, V)> {
    type Row = (usize, V::Row);

    fn held(&self, circuit: &Circuit) -> Bag<Self::Row> {
        labelled(self, |view| view.held(circuit))
    }

    fn changed(&self, circuit: &Circuit) -> Bag<Self::Row> {
        labelled(self, |view| view.changed(circuit))
    }
}

fn labelled<V: Observed>(views: &[(usize, V)], rows: impl Fn(&V) -> Bag<V::Row>) -> Bag<(usize, V::Row)> {
    let label_all = |(label, view): &(usize, V)| {
        let label = *label;
        rows(view).into_iter().map(move |(row, weight)| ((label, row), weight))
    };
    views.iter().flat_map(label_all).collect()
}
