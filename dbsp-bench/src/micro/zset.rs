//! Z-sets as values: add, subtract, negate, consolidate, apply.

use dbsp_zset::{Batch, Delta, Overflow, ZSet};

use super::operation::{Case, Make, Operation, over};
use crate::headline::SplitMix;
use crate::report::DBSP;

/// Rows of a small Z-set, and of a delta.
const SMALL: usize = 1_000;
/// Rows of a delta in which rows repeat often, and of one in which they do not.
const OFTEN: usize = 10_000;
/// Deltas of a few rows that are consolidated in one run, as one alone is over before a clock has looked.
const DELTAS: usize = 100;
/// Rows of the Z-set that a delta is applied to.
const LARGE: usize = 100_000;

/// A row: two columns.
type Pair = (u64, u64);

/// Makes a Z-set from two.
type Combine = fn(&ZSet<Pair>, &ZSet<Pair>) -> Result<ZSet<Pair>, Overflow>;

/// Two Z-sets and what was last made of them.
struct Two {
    left: ZSet<Pair>,
    right: ZSet<Pair>,
    made: Option<ZSet<Pair>>,
}

/// Something large, changes to it in turns, and the one to make next.
struct Applied {
    rows: ZSet<Pair>,
    forth: Delta<Pair>,
    back: Delta<Pair>,
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, make| Case { name, batch: SMALL, contenders: vec![(DBSP, make)] };
    vec![
        case("zset/add", || over(two()?, |two| two.made = None, |two| two.make(ZSet::try_add))),
        case("zset/subtract", || over(two()?, |two| two.made = None, |two| two.make(ZSet::try_sub))),
        case("zset/negate", || over(two()?, |two| two.made = None, |two| two.make(|left, _| left.try_neg()))),
        // Each row about twice, half of the pairs cancelling.
        case("zset/consolidate", || consolidate(SMALL, SMALL as u64 / 2)),
        // Each row about forty times.
        Case { batch: OFTEN, ..case("zset/consolidate_often", || consolidate(OFTEN, OFTEN as u64 / 40)) },
        // Each row once: nothing to add up, all to sort.
        Case { batch: OFTEN, ..case("zset/consolidate_once", || consolidate(OFTEN, 1 << 40)) },
        few("zset/consolidate_1", 1, (|| few_rows(1), || few_sorted(1))),
        few("zset/consolidate_4", 4, (|| few_rows(4), || few_sorted(4))),
        few("zset/consolidate_16", 16, (|| few_rows(16), || few_sorted(16))),
        case("zset/apply", || {
            let mut random = SplitMix::new(4);
            let mut rows = ZSet::with_capacity(LARGE);
            rows.try_apply(&delta(&mut random, LARGE))?;
            let forth = delta(&mut random, SMALL);
            let mut back = forth.clone();
            back.try_negate()?;
            over(
                Applied { rows, forth, back },
                |state| std::mem::swap(&mut state.forth, &mut state.back),
                |state| state.rows.try_apply(&state.forth).map_or(0, |()| state.rows.len() as u64),
            )
        }),
    ]
}

impl Two {
    fn make(&mut self, make: Combine) -> u64 {
        self.made = make(&self.left, &self.right).ok();
        self.made.as_ref().map_or(0, |made| made.len() as u64)
    }
}

/// Makes a batch of so many rows, of which so many differ at most; half of them are deletions.
fn consolidate(rows: usize, different: u64) -> anyhow::Result<Box<dyn Operation>> {
    let mut random = SplitMix::new(3);
    let rows: Delta<Pair> = (0..rows).map(|i| ((random.below(different), 0), [1, -1][i % 2])).collect();
    let state = (rows.clone(), rows, None::<Batch<Pair>>);
    over(
        state,
        |(rows, taken, made)| {
            *made = None;
            taken.clone_from(rows);
        },
        |(_, taken, made)| {
            *made = std::mem::take(taken).consolidate().ok();
            made.as_ref().map_or(0, |made| made.len() as u64)
        },
    )
}

/// A case of deltas of `rows` rows: ours against entries that are sorted, added up and cleaned of zeros where they stand.
fn few(name: &'static str, rows: usize, (ours, sorted): (Make, Make)) -> Case {
    Case { name, batch: DELTAS * rows, contenders: vec![(DBSP, ours), ("sort", sorted)] }
}

/// Makes batches of deltas of so many rows.
fn few_rows(rows: usize) -> anyhow::Result<Box<dyn Operation>> {
    let deltas: Vec<Delta<Pair>> = few_entries(rows).into_iter().map(Delta::from_iter).collect();
    over(
        (deltas, Vec::new(), Vec::<Batch<Pair>>::new()),
        |(deltas, taken, made)| {
            made.clear();
            taken.clone_from(deltas);
        },
        |(_, taken, made)| {
            made.extend(taken.drain(..).map(|delta| delta.consolidate().unwrap_or_default()));
            made.iter()
                .flat_map(Batch::iter)
                .map(|(row, weight)| mark(row, *weight))
                .fold(0, u64::wrapping_add)
        },
    )
}

/// Sorts entries by row, adds up equal ones and leaves out zeros, as a program would that needs no more than that.
fn few_sorted(rows: usize) -> anyhow::Result<Box<dyn Operation>> {
    over(
        (few_entries(rows), Vec::new(), Vec::<Vec<(Pair, i64)>>::new()),
        |(entries, taken, made)| {
            made.clear();
            taken.clone_from(entries);
        },
        |(_, taken, made)| {
            made.extend(taken.drain(..).map(|mut entries: Vec<(Pair, i64)>| {
                entries.sort_unstable_by_key(|entry| entry.0);
                entries.dedup_by(|next, kept| {
                    let is_equal = next.0 == kept.0;
                    kept.1 += if is_equal { next.1 } else { 0 };
                    is_equal
                });
                entries.retain(|entry| entry.1 != 0);
                entries
            }));
            made.iter().flatten().map(|(row, weight)| mark(row, *weight)).fold(0, u64::wrapping_add)
        },
    )
}

/// The entries of some deltas of so many rows: half of them deletions, and about one in eight a row that stood before.
fn few_entries(rows: usize) -> Vec<Vec<(Pair, i64)>> {
    let mut random = SplitMix::new(6);
    let mut row = || (random.below(4 * rows as u64), 0);
    (0..DELTAS).map(|_| (0..rows).map(|i| (row(), [1, -1][i % 2])).collect()).collect()
}

/// What an entry gives to a digest, in any order.
fn mark(row: &Pair, weight: i64) -> u64 {
    (row.0 + 1).wrapping_mul(weight.cast_unsigned())
}

/// Two Z-sets that share about half of their rows.
fn two() -> anyhow::Result<Two> {
    let mut random = SplitMix::new(2);
    let shared = delta(&mut random, SMALL / 2);
    let mut side = || -> anyhow::Result<ZSet<Pair>> {
        let mut side = ZSet::default();
        side.try_apply(&shared)?;
        side.try_apply(&delta(&mut random, SMALL / 2))?;
        Ok(side)
    };
    Ok(Two { left: side()?, right: side()?, made: None })
}

/// Insertions of `rows` random rows.
fn delta(random: &mut SplitMix, rows: usize) -> Delta<Pair> {
    (0..rows).map(|_| ((random.below(1 << 40), random.below(10)), 1)).collect()
}
