//! A keyed table that turns inserts, updates and deletes into deltas.
//!
//! # State       the value of each key
//! # Cost        O(1) expected a change; one clone of the value for the table

use std::borrow::Borrow;
use std::hash::Hash;

use dbsp_zset::{Delta, DenseTable, Held, Holds, Row};

/// Why a change of an [`UpsertTable`] was refused; the table is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsertError {
    /// An update or a delete of a key that has no value.
    UnknownKey,
    /// An insert of a key that has one.
    DuplicateKey,
}

/// A table with one value a key; see the [module](self).
///
/// Every change is appended to a delta that the caller keeps until the step has ended; if the step
/// fails, [`undo`](Self::undo) takes exactly those changes back.
///
/// ```
/// use dbsp_ops::{UpsertError, UpsertTable};
/// use dbsp_zset::Delta;
///
/// let mut table = UpsertTable::new();
/// let mut changes = Delta::new();
/// table.insert(1, "pen", &mut changes)?;
/// table.upsert(1, "ink", &mut changes);
/// assert_eq!(table.delete(&2, &mut changes), Err(UpsertError::UnknownKey));
/// assert_eq!(format!("{:?}", changes.clone().consolidate()), r#"Ok({(1, "ink"): +1})"#);
/// table.undo(&mut changes);
/// assert_eq!((table.get(&1), changes.len()), (None, 0));
/// # Ok::<(), UpsertError>(())
/// ```
#[derive(Debug, Clone)]
pub struct UpsertTable<K, V> {
    values: DenseTable<K, V>,
}

impl<K, V> Holds for UpsertTable<K, V> {
    fn held(&self) -> Held {
        self.values.held()
    }
}

impl<K: Row, V: Row> UpsertTable<K, V> {
    /// A table without keys.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: DenseTable::new() }
    }

    /// The value of a key, which may be in any borrowed form, as with std's maps.
    #[must_use]
    pub fn get<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.values.get(key)
    }

    /// How many keys have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Gives a value to a key that has none.
    ///
    /// # Errors
    /// [`UpsertError::DuplicateKey`] if it has one.
    pub fn insert(&mut self, key: K, value: V, changes: &mut Delta<(K, V)>) -> Result<(), UpsertError> {
        if self.values.find(&key).is_some() {
            return Err(UpsertError::DuplicateKey);
        }
        self.upsert(key, value, changes);
        Ok(())
    }

    /// Gives another value to a key that has one.
    ///
    /// # Errors
    /// [`UpsertError::UnknownKey`] if it has none.
    pub fn update(&mut self, key: K, value: V, changes: &mut Delta<(K, V)>) -> Result<(), UpsertError> {
        if self.values.find(&key).is_none() {
            return Err(UpsertError::UnknownKey);
        }
        self.upsert(key, value, changes);
        Ok(())
    }

    /// Gives a value to a key, whether it has one or not, and says whether it had. Giving a key the value
    /// that it has changes nothing and appends nothing.
    pub fn upsert(&mut self, key: K, value: V, changes: &mut Delta<(K, V)>) -> bool {
        let (position, is_new) = self.values.find_or_insert_with(&key, || value.clone());
        if !is_new && *self.values.value_mut(position) == value {
            return true;
        }
        if !is_new {
            // All that a row can panic in comes first: table and changes then go together.
            let (old_key, fresh) = (key.clone(), value.clone());
            let before = std::mem::replace(self.values.value_mut(position), fresh);
            if !crate::mutated!(UpsertForgetsRetraction) {
                changes.delete((old_key, before));
            }
        }
        changes.insert((key, value));
        !is_new
    }

    /// Makes room for `additional` further keys, and as many changes.
    pub fn reserve(&mut self, additional: usize, changes: &mut Delta<(K, V)>) {
        self.values.reserve(additional);
        changes.reserve(additional);
    }

    /// Takes the value of a key away.
    ///
    /// # Errors
    /// [`UpsertError::UnknownKey`] if it has none.
    pub fn delete<Q>(&mut self, key: &Q, changes: &mut Delta<(K, V)>) -> Result<(), UpsertError>
    where
        K: Borrow<Q>,
        Q: Ord + Hash + ?Sized,
    {
        let position = self.values.find(key).ok_or(UpsertError::UnknownKey)?;
        changes.delete(self.values.swap_remove(position));
        Ok(())
    }

    /// Takes back all changes that stand in a delta of this table, the last one first, and empties it. If a row panics, as
    /// many changes are left as the table still has.
    pub fn undo(&mut self, changes: &mut Delta<(K, V)>) {
        while let Some(last) = changes.len().checked_sub(1) {
            let (key, value) = &changes.rows()[last];
            let (mut entry, mut before) = (None, None);
            if changes.weights()[last] > 0 {
                entry = self.values.find(key).map(|position| self.values.swap_remove(position));
            } else if let Some(position) = self.values.find(key) {
                let value = value.clone();
                before = Some(std::mem::replace(self.values.value_mut(position), value));
            } else {
                self.values.insert_new(key.clone(), value.clone());
            }
            changes.truncate(last);
            // Only now: a row may panic as it is dropped.
            drop((entry, before));
        }
    }
}

impl<K: Row, V: Row> Default for UpsertTable<K, V> {
    fn default() -> Self {
        Self::new()
    }
}
