//! Rows that find no bucket, in buckets of their own.
//!
//! # Shape       buckets in the order of the keys and values of their rows, with a tree of the least row that each may hold.
//! # Invariants  a row stands here only if the bucket that its hashes lead to says that some have been spilled: so a lookup that
//!   fails anywhere else does not ask. No bucket here is empty; the first one has no least row.
//! # Cost        O(log rows) by `Ord`, whatever the hashes are; the other keys of the table pay nothing.
//!
//! Hashes that are all alike, or begin alike for longer than a directory of this size can tell, come of a poor `Hash` or of
//! somebody who looked for them. Such rows stood in a list, that each new row of any key went through.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

use crate::algebra::{Overflow, Ring};
use crate::indexed::buckets::Buckets;
use crate::indexed::buckets::address::Address;
use crate::indexed::buckets::room::{MERGED, THIN, WORTH_A_LOOK};
use crate::indexed::buckets::slots::SLOTS;
use crate::row::Row;

/// A place in the order of rows: before all of them, before those of a key, or that of a row.
trait Point<Q: ?Sized, V> {
    fn point(&self) -> (Option<&Q>, Option<&V>);
}

/// The least row that a bucket may hold; none is the least of all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fence<K, V>(Option<(K, V)>);

/// A row that is looked for, or the first one of a key.
struct Sought<'a, Q: ?Sized, V>(&'a Q, Option<&'a V>);

impl<Q: ?Sized, K: Borrow<Q>, V> Point<Q, V> for Fence<K, V> {
    fn point(&self) -> (Option<&Q>, Option<&V>) {
        let row = self.0.as_ref();
        (row.map(|(key, _)| key.borrow()), row.map(|(_, value)| value))
    }
}

impl<Q: ?Sized, V> Point<Q, V> for Sought<'_, Q, V> {
    fn point(&self) -> (Option<&Q>, Option<&V>) {
        (Some(self.0), self.1)
    }
}

impl<'a, Q: ?Sized + 'a, K: Borrow<Q> + 'a, V: 'a> Borrow<dyn Point<Q, V> + 'a> for Fence<K, V> {
    fn borrow(&self) -> &(dyn Point<Q, V> + 'a) {
        self
    }
}

impl<Q: Ord + ?Sized, V: Ord> Ord for dyn Point<Q, V> + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.point().cmp(&other.point())
    }
}

impl<Q: Ord + ?Sized, V: Ord> PartialOrd for dyn Point<Q, V> + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Q: Ord + ?Sized, V: Ord> PartialEq for dyn Point<Q, V> + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<Q: Ord + ?Sized, V: Ord> Eq for dyn Point<Q, V> + '_ {}

/// The buckets of spilled rows; see the [module](self).
#[derive(Clone)]
pub(super) struct Spill<K, V> {
    /// By the least row that it may hold, a bucket.
    buckets: BTreeMap<Fence<K, V>, u32>,
}

impl<K, V> Spill<K, V> {
    pub(super) const fn new() -> Self {
        Self { buckets: BTreeMap::new() }
    }

    /// Whether no row has been spilled.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Forgets all buckets.
    pub(super) fn clear(&mut self) {
        self.buckets.clear();
    }

    /// About how many bytes the tree takes: a node has room for eleven entries and is two thirds full.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.buckets.len() * (size_of::<(Fence<K, V>, u32)>() + 8) * 3 / 2
    }
}

impl<K: Row, V: Row> Spill<K, V> {
    /// The bucket in which a row would stand, or with no value, the first row of a key.
    pub(super) fn bucket_of<Q: Ord + ?Sized>(&self, key: &Q, value: Option<&V>) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let sought: &dyn Point<Q, V> = &Sought(key, value);
        let (_, at) = self.buckets.range::<dyn Point<Q, V>, _>((Unbounded, Included(sought))).next_back()?;
        Some(*at as usize)
    }

    /// The bucket behind that of a row, if it may hold rows of a key.
    pub(super) fn bucket_behind<Q: Eq + ?Sized>(&self, (key, value): &(K, V), of: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let (at, (least, _)) = self.next(key, value)?;
        (least.borrow() == of).then_some(at)
    }

    /// Notes that a bucket, which holds a row, stands at another place.
    pub(super) fn relocate(&mut self, (key, value): &(K, V), to: usize) {
        let sought: &dyn Point<K, V> = &Sought(key, Some(value));
        let of_row = self.buckets.range_mut::<dyn Point<K, V>, _>((Unbounded, Included(sought))).next_back();
        of_row.into_iter().for_each(|(_, at)| *at = to as u32);
    }

    /// Takes a bucket out that holds, or held, a row; the one behind it stands for its rows if it was the first.
    fn remove(&mut self, key: &K, value: &V) {
        let sought: &dyn Point<K, V> = &Sought(key, Some(value));
        let mut until = self.buckets.range::<dyn Point<K, V>, _>((Unbounded, Included(sought)));
        let Some((fence, _)) = until.next_back() else { return };
        let fence = fence.clone();
        self.buckets.remove(&fence);
        if fence.0.is_none()
            && let Some((_, at)) = self.buckets.pop_first()
        {
            self.buckets.insert(fence, at);
        }
    }

    /// The bucket behind that of a row.
    fn next(&self, key: &K, value: &V) -> Option<(usize, &(K, V))> {
        let sought: &dyn Point<K, V> = &Sought(key, Some(value));
        let (fence, at) = self.buckets.range::<dyn Point<K, V>, _>((Excluded(sought), Unbounded)).next()?;
        Some((*at as usize, fence.0.as_ref()?))
    }

    /// The buckets with their least rows, in order.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<&(K, V)>, usize)> {
        self.buckets.iter().map(|(fence, at)| (fence.0.as_ref(), *at as usize))
    }
}

impl<K: Row, V: Row, W> Buckets<K, V, W> {
    /// Where a row stands that was spilled.
    #[inline(never)]
    pub(super) fn find_spilled(&self, key: &K, value: &V) -> Option<(usize, usize)> {
        let at = self.spill.bucket_of(key, Some(value))?;
        let bucket = &self.buckets[at];
        let tags = Address::of(key, value).tags();
        let is_it = |row: &(K, V)| row.0 == *key && row.1 == *value;
        let slot = self.blocks.rows(bucket, at).find(bucket.with_row_tag(tags.row), is_it)?;
        Some((at, slot))
    }
}

impl<K: Row, V: Row, W: Ring> Buckets<K, V, W> {
    /// As [`change_at`](Self::change_at), where the row was not found in its bucket, which has spilled some.
    #[inline(never)]
    pub(super) fn change_or_spill(
        &mut self,
        at: usize,
        key: &K,
        value: &V,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
        fresh: impl FnOnce() -> Result<W, Overflow>,
    ) -> Result<(), Overflow> {
        if self.spill.is_empty() {
            self.buckets[at].slots.set_spilled(false);
        } else if self.change_spilled(key, value, change)? {
            return Ok(());
        }
        let weight = fresh()?;
        if !weight.is_zero() {
            self.rows += 1;
            self.place_row(((key.clone(), value.clone()), weight));
        }
        Ok(())
    }

    /// Changes the weight of a row that was spilled; says whether there is such a row.
    fn change_spilled(
        &mut self,
        key: &K,
        value: &V,
        change: impl FnOnce(&mut W) -> Result<(), Overflow>,
    ) -> Result<bool, Overflow> {
        let Some((at, slot)) = self.find_spilled(key, value) else { return Ok(false) };
        let bucket = &mut self.buckets[at];
        if self.weights.change(bucket, at, slot, change)? {
            self.blocks.remove(bucket, at, slot);
            self.rows -= 1;
            if WORTH_A_LOOK >> bucket.slots.len() & 1 == 1 {
                self.close_ranks(at);
                self.merge_spilled(at, key, value);
            }
        }
        Ok(true)
    }

    /// Puts a row, which stands nowhere, where its bucket is full: into those for spilled rows.
    pub(super) fn spill(&mut self, (row, weight): ((K, V), W)) {
        let tags = Address::of(&row.0, &row.1).tags();
        let at = match self.spill.bucket_of(&row.0, Some(&row.1)) {
            None => {
                let at = self.overflow_bucket();
                self.spill.buckets.insert(Fence(None), at as u32);
                at
            }
            Some(at) if self.buckets[at].slots.is_full() => self.split_spilled(at, &row),
            Some(at) => at,
        };
        let bucket = &mut self.buckets[at];
        let slot = self.blocks.push(bucket, at, tags, row);
        self.weights.set(bucket, at, slot, weight);
    }

    fn overflow_bucket(&mut self) -> usize {
        let at = self.free_bucket();
        self.buckets[at].slots.set_overflow();
        at
    }

    /// Splits a full bucket at the middle one of its rows, and says in which half another row belongs.
    fn split_spilled(&mut self, at: usize, row: &(K, V)) -> usize {
        let rows = self.blocks.rows(&self.buckets[at], at);
        let mut slots: [usize; SLOTS] = std::array::from_fn(|slot| slot);
        slots.sort_unstable_by(|one, other| rows.at(*one).cmp(rows.at(*other)));
        let middle = rows.at(slots[SLOTS / 2]).clone();
        let is_behind = *row >= middle;
        let moving = slots[SLOTS / 2..].iter().fold(0, |moving, slot| moving | 1 << slot);
        let upper = self.overflow_bucket();
        self.move_rows(moving, at, upper);
        self.spill.buckets.insert(Fence(Some(middle)), upper as u32);
        if is_behind { upper } else { at }
    }

    /// Frees a bucket of spilled rows that a row has left empty, or makes one of it and the next if both hold few rows.
    fn merge_spilled(&mut self, at: usize, key: &K, value: &V) {
        let rows = self.buckets[at].slots.len();
        if rows == 0 {
            self.spill.remove(key, value);
            self.free(at);
        } else if rows <= THIN
            && let Some((behind, fence)) = self.spill.next(key, value)
            && rows + self.buckets[behind].slots.len() <= MERGED
        {
            let fence = Fence(Some(fence.clone()));
            self.move_rows(self.buckets[behind].slots.mask(), behind, at);
            self.spill.buckets.remove(&fence);
            self.free(behind);
        }
    }
}
