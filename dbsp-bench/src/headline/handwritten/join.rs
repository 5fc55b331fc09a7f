//! An equi-join by hand: both sides indexed by key, groups inline while they are small.

use smallvec::SmallVec;

use super::super::tables::{Table, table};
use super::super::workload::{Attribute, KEYS, Record};
use super::{Change, Engine, Kind, Outcome, Rows, Workload, touch};

/// The rows of one key, with weights.
type Group<V> = SmallVec<[(V, i64); 4]>;

/// Both sides of a join on `key`: `(id, value)` on the left, `class` on the right.
pub(super) struct Indexes {
    left: Table<u64, Group<(u64, i64)>>,
    right: Table<u64, SmallVec<[(u64, i64); 1]>>,
}

impl Indexes {
    pub(super) fn new(dimension: &[Attribute]) -> Self {
        let mut right: Table<u64, SmallVec<[(u64, i64); 1]>> = table(KEYS);
        for (key, class) in dimension {
            right.entry(*key).or_default().push((*class, 1));
        }
        Self { left: table(KEYS), right }
    }

    /// Takes a change of the left side in, and gives each joined row to `emit`.
    #[inline]
    pub(super) fn change_left(
        &mut self,
        (id, key, value): Record,
        weight: i64,
        mut emit: impl FnMut(u64, i64, u64, i64),
    ) {
        let group = self.left.entry(key).or_default();
        match group.iter().position(|(row, _)| *row == (id, value)) {
            None => group.push(((id, value), weight)),
            Some(found) => {
                group[found].1 += weight;
                if group[found].1 == 0 {
                    group.swap_remove(found);
                    if group.is_empty() {
                        self.left.remove(&key);
                    }
                }
            }
        }
        for (class, right) in self.right.get(&key).into_iter().flatten() {
            emit(id, value, *class, weight * right);
        }
    }
}

/// `(id, value, class)` with the dimension's class of the row's key.
pub(super) struct Join {
    indexes: Indexes,
    out: Rows<(u64, i64, u64)>,
}

impl Join {
    pub(super) fn new(workload: &Workload) -> Self {
        let mut view = Self { indexes: Indexes::new(&workload.dimension), out: Vec::new() };
        view.apply(workload.load().iter());
        view
    }

    fn apply<'a>(&mut self, delta: impl Iterator<Item = (&'a Record, &'a i64)>) {
        self.out.clear();
        for (row, weight) in delta {
            self.indexes.change_left(*row, *weight, |id, value, class, weight| {
                self.out.push(((id, value, class), weight));
            });
        }
    }
}

impl Engine for Join {
    fn step(&mut self, change: &mut Change) -> anyhow::Result<()> {
        self.apply(change.delta.iter());
        Ok(())
    }

    fn touch(&self) -> i64 {
        touch(&self.out)
    }

    fn read(&self, outcome: &mut Outcome) {
        for ((id, value, class), weight) in &self.out {
            outcome.add([*id, value.cast_unsigned(), *class], *weight);
        }
    }

    fn kind(&self) -> Kind {
        Kind::Deltas
    }
}
