//! A value for each key, of which a step remembers what it was before.
//!
//! # Shape       a table from key to value; beside it a list of what this step touched.
//! # Invariants  between steps nothing is touched and no value is zero.
//! # Cost        touch: O(1) expected, and one clone of the value at its first touch in a step;
//!   changes, commit and abort: O(what was touched). Nothing is allocated once warm.

use dbsp_zset::{DenseTable, Monoid, Row};

/// A value for each key, with the changes of one step; see the [module](self).
///
/// ```
/// use dbsp_ops::Groups;
///
/// let mut groups = Groups::<&str, i64>::new();
/// *groups.touch(&"a") += 5;
/// *groups.touch(&"a") += 1;
/// assert!(groups.changes().eq([(&"a", &0, &6)]));
/// groups.commit();
/// *groups.touch(&"a") -= 6;
/// groups.abort();
/// assert_eq!(groups.get(&"a"), Some(&6));
/// ```
#[derive(Debug, Clone)]
pub struct Groups<K, A> {
    values: DenseTable<K, Value<A>>,
    touched: Vec<Touched<A>>,
}

#[derive(Debug, Clone)]
struct Value<A> {
    now: A,
    is_touched: bool,
}

#[derive(Debug, Clone)]
struct Touched<A> {
    position: usize,
    before: A,
}

impl<K, A> Groups<K, A> {
    /// No value for any key.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: DenseTable::new(), touched: Vec::new() }
    }

    /// How many keys have a value, those that this step made zero included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Bytes of memory owned, not counting what keys and values own.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.values.allocated_bytes() + self.touched.capacity() * size_of::<Touched<A>>()
    }
}

impl<K, A> Default for Groups<K, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Row, A: Monoid> Groups<K, A> {
    /// The value of a key as it is now.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&A> {
        self.values.get(key).map(|value| &value.now)
    }

    /// The value of a key, zero if it has none, to be changed in this step.
    #[inline]
    pub fn touch(&mut self, key: &K) -> &mut A {
        let (position, _) =
            self.values.find_or_insert_with(key, || Value { now: A::zero(), is_touched: false });
        let value = self.values.value_mut(position);
        if !value.is_touched {
            // In this order: if cloning panics, the value is not taken for one that is remembered.
            self.touched.push(Touched { position, before: value.now.clone() });
            value.is_touched = true;
        }
        &mut value.now
    }

    /// What this step touched: each key once, with its value before the step and now.
    #[inline]
    pub fn changes(&self) -> impl Iterator<Item = (&K, &A, &A)> {
        self.touched.iter().map(|touched| {
            let (key, value) = &self.values.entries()[touched.position];
            (key, &touched.before, &value.now)
        })
    }

    /// Makes the changes of this step final.
    pub fn commit(&mut self) {
        for touched in &self.touched {
            self.values.value_mut(touched.position).is_touched = false;
        }
        self.forget_touched();
    }

    /// Takes the changes of this step back.
    pub fn abort(&mut self) {
        for touched in &mut self.touched {
            let value = self.values.value_mut(touched.position);
            std::mem::swap(&mut value.now, &mut touched.before);
            value.is_touched = false;
        }
        self.forget_touched();
    }

    /// Removes touched keys that are left without a value. The last key moves to where one was
    /// removed, so removals go from the back: what moves is never itself to be removed.
    fn forget_touched(&mut self) {
        let values = &self.values;
        self.touched.retain(|touched| values.entries()[touched.position].1.now.is_zero());
        self.touched.sort_unstable_by_key(|touched| std::cmp::Reverse(touched.position));
        for touched in self.touched.drain(..) {
            self.values.swap_remove(touched.position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_become_zero_leave_and_the_others_stay() {
        let mut groups = Groups::new();
        for key in 0..100_i64 {
            *groups.touch(&key) += key;
        }
        groups.commit();
        assert_eq!(groups.len(), 99);
        for key in (1..100).step_by(3) {
            *groups.touch(&key) -= key;
        }
        *groups.touch(&2) += 5;
        groups.commit();
        assert_eq!(groups.len(), 66);
        for key in 1..100 {
            let expected = if key == 2 { Some(&7) } else { Some(&key).filter(|key| *key % 3 != 1) };
            assert_eq!(groups.get(&key), expected);
        }
    }

    #[test]
    fn an_aborted_step_leaves_no_trace() {
        let mut groups = Groups::<u8, i64>::new();
        *groups.touch(&1) = 10;
        groups.commit();
        *groups.touch(&2) = 20;
        *groups.touch(&1) = 0;
        *groups.touch(&3) = 0;
        groups.abort();
        assert_eq!((groups.len(), groups.get(&1)), (1, Some(&10)));
        assert_eq!(groups.changes().count(), 0);
    }
}
