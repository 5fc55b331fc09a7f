//! What the headline asks of an engine, and the form in which answers are compared.

use std::collections::BTreeMap;
use std::fmt;

use super::workload::{Change, Workload};

/// An engine with one view, its base loaded.
pub trait Engine {
    /// Brings the changes of the next steps into the engine's own form, outside the clock; each
    /// [`Engine::step`] then takes the next of them. The engines of this crate take a change as it is.
    ///
    /// # Errors
    /// When the engine faults.
    fn prepare(&mut self, changes: &[Change]) -> anyhow::Result<()> {
        let _ = changes;
        Ok(())
    }

    /// Takes in a change and brings the output up to date: the timed part, with [`Engine::touch`].
    ///
    /// # Errors
    /// When the engine faults.
    fn step(&mut self, change: &mut Change) -> anyhow::Result<()>;

    /// Takes in a change of which the output is not asked for: what a recomputation can do for less.
    ///
    /// # Errors
    /// When the engine faults.
    fn follow(&mut self, change: &mut Change) -> anyhow::Result<()> {
        self.step(change)
    }

    /// Reads the output of the last step once, inside the clock; a sum, so that nothing is optimised away.
    fn touch(&self) -> i64;

    /// Adds to `outcome` every row of the output: of the last step's delta, or of the whole view.
    fn read(&self, outcome: &mut Outcome);

    /// What the engine does in a step, and what it has to show for it.
    fn kind(&self) -> Kind;

    /// Whether all of a step's work is done by the calling thread: only then are its allocations counted.
    fn works_on_this_thread(&self) -> bool {
        true
    }
}

/// An engine in another process, which is given the changes of a whole turn at once.
pub trait Remote {
    /// The whole output after the load.
    fn loaded(&self) -> &Outcome;

    /// Takes all `changes`, and times those at the positions `timed`, which ascend.
    ///
    /// # Errors
    /// When the engine faults, or does not answer in time.
    fn turn(&mut self, changes: &[Change], timed: &[usize]) -> anyhow::Result<RemoteTurn>;

    /// Ends the process; gives the most memory that it held, where it can tell.
    ///
    /// # Errors
    /// When the process does not end as it should.
    fn quit(self: Box<Self>) -> anyhow::Result<Option<u64>>;
}

/// What a [`Remote`] has to say of a turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RemoteTurn {
    /// Nanoseconds of each timed step.
    pub nanos: Vec<u64>,
    /// Processor time of the timed steps together, all threads.
    pub cpu_nanos: u64,
    /// The whole output after the turn.
    pub outcome: Outcome,
}

/// What an engine does in a step, and what it has to show for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Computes anew what [`Engine::read`] reads: the whole output.
    Recomputes,
    /// Goes on from the last step; [`Engine::read`] reads what changed.
    Deltas,
    /// Goes on from the last step; [`Engine::read`] reads the whole view that it keeps.
    Keeps,
}

/// Makes an engine over a workload's base, loaded.
pub type Make = fn(View, &Workload) -> anyhow::Result<Box<dyn Engine>>;

/// Makes an engine in another process, loaded.
pub type MakeRemote = fn(View, &Workload) -> anyhow::Result<Box<dyn Remote>>;

/// The four views of the headline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// `(id, value / 2)` of the rows with an even value.
    FilterMap,
    /// `(group, sum, count)` of the values by `key % 1000`.
    GroupBy,
    /// `(id, value, class)` with the dimension's class of the row's key.
    Join,
    /// The even rows joined, then `(group, sum)` by `key % 1000` and `(class, count)`.
    All,
}

impl View {
    /// All views, in the order in which they run.
    pub const ALL: [Self; 4] = [Self::FilterMap, Self::GroupBy, Self::Join, Self::All];

    /// The name in a case: the first part of `VIEW/N/C`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FilterMap => "filter_map",
            Self::GroupBy => "group_by",
            Self::Join => "join",
            Self::All => "all",
        }
    }
}

/// An output row in a common form: the view's columns, then zeros. In `All` the first column tells its tables apart.
pub type OutputRow = [u64; 3];

/// An output, integrated over all steps: how many rows, and a checksum that no order of rows changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The sum of the weights.
    pub rows: i64,
    /// The sum of weight times hash of row: equal Z-sets have equal sums, however they came about.
    pub checksum: u64,
    /// The rows themselves, where a difference is to be shown.
    detail: Option<BTreeMap<OutputRow, i64>>,
}

impl Outcome {
    /// An empty outcome that also keeps the rows.
    #[must_use]
    pub fn detailed() -> Self {
        Self { detail: Some(BTreeMap::new()), ..Self::default() }
    }

    /// The outcome of an engine that told its figures alone.
    #[must_use]
    pub fn told(rows: i64, checksum: u64) -> Self {
        Self { rows, checksum, detail: None }
    }

    /// An empty outcome that keeps what this one keeps.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self { detail: self.detail.as_ref().map(|_| BTreeMap::new()), ..Self::default() }
    }

    /// Adds one row.
    #[inline]
    pub fn add(&mut self, row: OutputRow, weight: i64) {
        self.rows += weight;
        self.checksum = self.checksum.wrapping_add(mix(row).wrapping_mul(weight.cast_unsigned()));
        if let Some(detail) = &mut self.detail {
            let sum = detail.entry(row).or_default();
            *sum += weight;
            if *sum == 0 {
                detail.remove(&row);
            }
        }
    }

    /// The first rows on which two detailed outcomes differ, with both weights.
    #[must_use]
    pub fn differences(&self, other: &Self, most: usize) -> Vec<(OutputRow, i64, i64)> {
        let (Some(ours), Some(theirs)) = (&self.detail, &other.detail) else { return Vec::new() };
        let weight = |rows: &BTreeMap<OutputRow, i64>, row| rows.get(row).copied().unwrap_or_default();
        let mut rows: Vec<&OutputRow> = ours.keys().chain(theirs.keys()).collect();
        rows.sort_unstable();
        rows.dedup();
        rows.into_iter()
            .map(|row| (*row, weight(ours, row), weight(theirs, row)))
            .filter(|(_, ours, theirs)| ours != theirs)
            .take(most)
            .collect()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, checksum {:016x}", self.rows, self.checksum)
    }
}

/// A hash in which every column counts in its place.
#[inline]
const fn mix([a, b, c]: OutputRow) -> u64 {
    let mut hash = (a ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = ((hash ^ (hash >> 32)) ^ b).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash = ((hash ^ (hash >> 29)) ^ c).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_does_not_depend_on_order_or_on_detours() {
        let (mut direct, mut detour) = (Outcome::default(), Outcome::default());
        direct.add([1, 2, 3], 1);
        direct.add([3, 2, 1], 2);
        for (row, weight) in [([3, 2, 1], 1), ([9, 9, 9], 1), ([1, 2, 3], 1), ([9, 9, 9], -1), ([3, 2, 1], 1)]
        {
            detour.add(row, weight);
        }
        assert_eq!(direct, detour);
        detour.add([1, 2, 3], -1);
        detour.add([1, 3, 2], 1);
        assert_eq!(direct.rows, detour.rows);
        assert_ne!(direct.checksum, detour.checksum);
    }

    #[test]
    fn differences_name_row_and_both_weights() {
        let (mut ours, mut theirs) = (Outcome::detailed(), Outcome::detailed());
        ours.add([1, 0, 0], 1);
        ours.add([2, 0, 0], 1);
        theirs.add([2, 0, 0], 3);
        assert_eq!(ours.differences(&theirs, 9), [([1, 0, 0], 1, 0), ([2, 0, 0], 1, 3)]);
    }
}
