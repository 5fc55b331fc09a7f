//! Adding the weights of many rows, so that the lookups overlap.
//!
//! # Shape       windows of a few rows each, in four stages: hash the rows and ask for their buckets; pass forks; match the
//!   tags and ask for the rows; add the weights. Each stage takes the window behind that of the next one.
//! # Cost        O(rows); about 220 instructions a row, and the cache lines that the [parent](super) says.
//!
//! A processor waits for 20 to 30 lines at a time. With windows of 32 rows that each went through all stages, it stood still
//! for those that were asked for at once, and asked for none while rows were added: `join/1000000/1000` took 153 instead of
//! 137 µs.

use crate::algebra::{Overflow, Ring};
use crate::indexed::buckets::address::Address;
use crate::indexed::buckets::forks::Entry;
use crate::indexed::buckets::{Buckets, NO_SLOT, Spot};
use crate::row::Row;

/// Rows of more bytes than this are asked for before they are looked at: fewer stay in the caches from one
/// step to the next.
const CACHED: usize = 1 << 19;
/// So many rows are looked up together,
const LOOKUPS: usize = if cfg!(feature = "prefetch") { 8 } else { 1 };
/// in so many stages.
const STAGES: usize = 4;

/// Rows that are looked up together.
struct Lookups {
    spots: [Spot; LOOKUPS],
    /// How many there are.
    len: usize,
    /// Whether some have a fork before them.
    has_forks: bool,
    /// That of the table when their buckets were found.
    version: u64,
}

impl Lookups {
    const NONE: Self = Self {
        spots: [Spot {
            address: Address { key_hash: 0, value_hash: 0 },
            entry: Entry::ABSENT,
            likely: NO_SLOT,
        }; LOOKUPS],
        len: 0,
        has_forks: false,
        version: 0,
    };
}

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// Adds the weights of some rows; counts in `applied` how many were added before one had no value.
    pub(super) fn add_windows(
        &mut self,
        rows: &[(K, V)],
        weights: &[W],
        applied: &mut usize,
    ) -> Result<(), Overflow> {
        self.start_if_new();
        let mut windows = [const { Lookups::NONE }; STAGES];
        for step in 0..rows.len().div_ceil(LOOKUPS) + STAGES - 1 {
            let stage = |stage: usize| (step + STAGES - stage) % STAGES;
            let start = (step * LOOKUPS).min(rows.len());
            self.ask_for_buckets(&mut windows[stage(0)], &rows[start..(start + LOOKUPS).min(rows.len())]);
            if windows[stage(1)].has_forks {
                let start = (step - 1) * LOOKUPS;
                self.pass_forks(&mut windows[stage(1)], &rows[start..]);
            }
            if self.rows * size_of::<(K, V)>() > CACHED {
                self.ask_for_rows(&mut windows[stage(2)]);
            }
            let Some(start) = (step + 1).checked_sub(STAGES).map(|window| window * LOOKUPS) else { continue };
            let Lookups { spots, version, len, .. } = &mut windows[stage(3)];
            let window = rows[start..].iter().zip(&weights[start..]);
            for (i, (spot, ((key, value), weight))) in spots[..*len].iter_mut().zip(window).enumerate() {
                if self.version != *version {
                    spot.entry = Entry::bucket(self.place(spot.address, key));
                }
                let changed =
                    self.change_at(spot, key, value, |sum| sum.try_add_assign(weight), || Ok(weight.clone()));
                if changed.is_err() {
                    *applied += start + i;
                    return changed;
                }
            }
        }
        *applied += rows.len();
        Ok(())
    }

    /// Finds the buckets of rows, or forks before them, and asks for them.
    #[inline]
    fn ask_for_buckets(&self, window: &mut Lookups, rows: &[(K, V)]) {
        window.len = rows.len();
        window.version = self.version;
        window.has_forks = false;
        for (spot, (key, value)) in window.spots.iter_mut().zip(rows) {
            let address = Address::of(key, value);
            *spot = Spot { address, entry: self.entry(address.key_hash), likely: NO_SLOT };
            match spot.entry.as_fork() {
                None => self.prefetch_bucket(spot.entry.at()),
                Some(fork) => {
                    self.forks.prefetch(fork);
                    window.has_forks = true;
                }
            }
        }
    }

    /// Goes on to the buckets behind forks, and asks for them.
    #[inline(never)]
    fn pass_forks(&self, window: &mut Lookups, rows: &[(K, V)]) {
        let is_stale = window.version != self.version;
        window.version = self.version;
        for (spot, (key, _)) in window.spots[..window.len].iter_mut().zip(rows) {
            let at = match spot.entry.as_fork() {
                // Mostly the first fork is the one.
                Some(at) if !is_stale && self.forks.get(at).key_hash == spot.address.key_hash => {
                    self.child(at, spot.address, key)
                }
                Some(_) => self.place(spot.address, key),
                None if is_stale => self.place(spot.address, key),
                None => continue,
            };
            self.prefetch_bucket(at);
            spot.entry = Entry::bucket(at);
        }
    }

    /// Asks for the rows that probably stand where some are looked for, and for where their weights are. A bucket that rows have
    /// moved from since it was found is there still, and what is asked for in vain does no harm.
    #[inline]
    fn ask_for_rows(&self, window: &mut Lookups) {
        for spot in &mut window.spots[..window.len] {
            let at = spot.entry.at();
            let bucket = &self.buckets[at];
            let mask = bucket.or_free(bucket.with_row_tag(spot.address.tags().row));
            spot.likely = mask.trailing_zeros();
            self.blocks.rows(bucket, at).prefetch_first(mask);
            if bucket.slots.is_weighted() {
                self.weights.prefetch_column(at);
            }
        }
    }

    /// Asks for what a lookup in a bucket reads first.
    #[inline]
    fn prefetch_bucket(&self, at: usize) {
        self.buckets[at].prefetch();
        self.blocks.prefetch(at);
    }
}
