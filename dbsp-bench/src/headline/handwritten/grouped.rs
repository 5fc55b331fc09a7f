//! A sum and a count by key, by hand: what the group-by and the last stage of `all` share.

use super::super::tables::{Table, table};
use super::Rows;

/// A group: what it is, and what it was before this step.
#[derive(Default)]
struct Group {
    sum: i64,
    count: i64,
    old: (i64, i64),
    /// The step that touched it last: the first touch of a step keeps the old state and queues the group.
    step: u64,
}

/// Groups by key, and which of them this step has touched.
pub(super) struct Grouped {
    groups: Table<u64, Group>,
    touched: Vec<u64>,
    step: u64,
}

impl Grouped {
    pub(super) fn new(expected: u64) -> Self {
        Self { groups: table(expected), touched: Vec::new(), step: 0 }
    }

    /// Starts a step.
    pub(super) fn begin(&mut self) {
        self.step += 1;
        self.touched.clear();
    }

    /// Takes in `weight` rows of `value`.
    #[inline]
    pub(super) fn add(&mut self, key: u64, value: i64, weight: i64) {
        let group = self.groups.entry(key).or_default();
        if group.step != self.step {
            group.step = self.step;
            group.old = (group.sum, group.count);
            self.touched.push(key);
        }
        group.sum += value * weight;
        group.count += weight;
    }

    /// Ends a step: for each group that changed its old row leaves and its new row comes.
    #[inline]
    pub(super) fn emit<R>(&mut self, out: &mut Rows<R>, row: impl Fn(u64, i64, i64) -> R) {
        for &key in &self.touched {
            let Some(group) = self.groups.get(&key) else { continue };
            let (sum, count) = group.old;
            if (sum, count) == (group.sum, group.count) {
                continue;
            }
            if count != 0 {
                out.push((row(key, sum, count), -1));
            }
            if group.count != 0 {
                out.push((row(key, group.sum, group.count), 1));
            } else {
                self.groups.remove(&key);
            }
        }
    }
}
