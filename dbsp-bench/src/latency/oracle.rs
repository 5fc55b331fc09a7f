//! What the circuits of the latency suite ought to hold, computed from scratch.

use std::collections::BTreeMap;

use super::circuit::added;
use super::{Pair, Plain};

/// The view over `rows` after `blocks` times ten operators, or after a single map.
pub(super) fn view(rows: &[Pair], blocks: usize) -> Plain {
    let mut rows = rows.to_vec();
    if blocks == 0 {
        rows.iter_mut().for_each(|row| row.1 += 1);
    }
    for _ in 0..blocks {
        let mut sums: BTreeMap<u64, i64> = BTreeMap::new();
        for (key, value) in rows {
            *sums.entry(key).or_default() += (value + 1) * 2 + added(key) - 1;
        }
        rows = sums.into_iter().map(|(key, sum)| (key, (sum / 2) ^ 1)).collect();
    }
    let mut view = Plain::new();
    for row in rows {
        *view.entry(row).or_default() += 1;
    }
    view
}

/// The first rows on which a view and the oracle differ.
pub(super) fn difference(view: &Plain, rows: &[Pair], blocks: usize) -> String {
    let expected = self::view(rows, blocks);
    let wrong = view.iter().filter(|(row, weight)| expected.get(*row) != Some(*weight));
    let missing = expected.iter().filter(|(row, _)| !view.contains_key(*row));
    let shown = |rows: Vec<(&Pair, &i64)>| format!("{rows:?}");
    format!(
        "wrong in the view: {}; missing in it: {}",
        shown(wrong.take(5).collect()),
        shown(missing.take(5).collect())
    )
}
