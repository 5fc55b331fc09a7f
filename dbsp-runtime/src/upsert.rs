//! The keyed input: inserts, updates and deletes by key become deltas.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use dbsp_ops::{UpsertError, UpsertTable};
use dbsp_zset::{Delta, Row};

use crate::error::Error;

/// What an input does about a change that does not fit what it holds. In a keyed input that is an insert of a known key,
/// and an update or delete of an unknown one; in a [checked](crate::CheckedBuffer) input of rows a delete of a row that is
/// not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// It is an error, and nothing is changed.
    Strict,
    /// It is left out, and kept for whoever looks: `rejected()` of the input.
    Report,
    /// A keyed input makes of it what it can: an insert or update gives the key its value in any case; a delete of an
    /// unknown key does nothing. An input of rows takes it: the weight of the row is then negative.
    Lenient,
}

/// A keyed input of a circuit: one value a key; reached as `circuit[handle]`.
///
/// Changes count at once for what follows, and reach the circuit with its next step. O(1) expected a
/// change; it holds a copy of the table.
///
/// ```
/// use dbsp_runtime::{Circuit, Error, Strictness};
///
/// let (mut circuit, (users, names)) = Circuit::build(|b| {
///     let (stream, users) = b.upsert_input::<u32, &str>("users", Strictness::Strict);
///     (users, stream.view())
/// })?;
/// circuit[users].insert(1, "ann")?;
/// circuit.step()?;
/// circuit[users].update(1, "anna")?;
/// let unknown = circuit[users].delete(&2);
/// assert_eq!(unknown.unwrap_err().to_string(), r#"input "users" holds no key 2"#);
/// circuit.step()?;
/// assert_eq!(circuit[names].value(&1), Some(&"anna"));
/// assert_eq!(format!("{:?}", circuit.delta(names)), r#"{(1, "ann"): -1, (1, "anna"): +1}"#);
/// # Ok::<(), Error>(())
/// ```
pub struct UpsertBuffer<K: Row, V: Row> {
    pub(crate) name: Arc<str>,
    pub(crate) strictness: Strictness,
    pub(crate) table: UpsertTable<K, V>,
    pub(crate) changes: Delta<(K, V)>,
    /// What was left out under [`Strictness::Report`], as strict inputs would have said it.
    pub(crate) rejected: Vec<Error>,
}

impl<K: Row + Debug, V: Row> UpsertBuffer<K, V> {
    /// Gives a value to a new key.
    ///
    /// # Errors
    /// [`Error::DuplicateKey`] under [`Strictness::Strict`] if the key is not new.
    pub fn insert(&mut self, key: K, value: V) -> Result<(), Error> {
        if self.strictness != Strictness::Lenient && self.table.get(&key).is_some() {
            return self.refuse(UpsertError::DuplicateKey, &key);
        }
        self.upsert(key, value);
        Ok(())
    }

    /// Gives another value to a known key.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] under [`Strictness::Strict`] if the key is not known.
    pub fn update(&mut self, key: K, value: V) -> Result<(), Error> {
        if self.strictness != Strictness::Lenient && self.table.get(&key).is_none() {
            return self.refuse(UpsertError::UnknownKey, &key);
        }
        self.upsert(key, value);
        Ok(())
    }

    /// Takes the value of a key away. The key may be in any borrowed form, as with std's maps: `delete("ann")` where
    /// keys are `String`s.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] under [`Strictness::Strict`] if the key is not known.
    pub fn delete<Q: Ord + Hash + Debug + ?Sized>(&mut self, key: &Q) -> Result<(), Error>
    where
        K: Borrow<Q>,
    {
        match self.table.delete(key, &mut self.changes) {
            Err(_) if self.strictness == Strictness::Lenient => Ok(()),
            Err(error) => self.refuse(error, key),
            Ok(()) => Ok(()),
        }
    }

    /// Refuses a change: that is an error, or kept to be looked at.
    fn refuse<Q: Debug + ?Sized>(&mut self, error: UpsertError, key: &Q) -> Result<(), Error> {
        let error = self.error(error, format!("{key:?}"));
        if self.strictness == Strictness::Strict {
            return Err(error);
        }
        self.rejected.push(error);
        Ok(())
    }

    fn error(&self, error: UpsertError, key: String) -> Error {
        let input = Arc::clone(&self.name);
        match error {
            UpsertError::UnknownKey => Error::UnknownKey { input, key },
            UpsertError::DuplicateKey => Error::DuplicateKey { input, key },
        }
    }
}

impl<K: Row, V: Row> UpsertBuffer<K, V> {
    /// Gives a value to a key, known or not.
    pub fn upsert(&mut self, key: K, value: V) {
        self.table.upsert(key, value, &mut self.changes);
    }

    /// Makes room for `additional` further keys and their changes: worth it before a load.
    pub fn reserve(&mut self, additional: usize) {
        self.table.reserve(additional, &mut self.changes);
    }

    /// The value of a key, pending changes included. The key may be in any borrowed form, as with std's maps.
    #[must_use]
    pub fn get<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.table.get(key)
    }

    /// How many keys have a value, pending changes included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// What the next step will see.
    #[must_use]
    pub fn pending(&self) -> &Delta<(K, V)> {
        &self.changes
    }

    /// The changes that were left out under [`Strictness::Report`], since they were last
    /// [taken](Self::take_rejected): each as the error that a strict input gives.
    #[must_use]
    pub fn rejected(&self) -> &[Error] {
        &self.rejected
    }

    /// Takes what is told of the changes that were left out.
    pub fn take_rejected(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.rejected)
    }

    /// Takes back everything that no step has seen yet.
    pub fn clear(&mut self) {
        self.table.undo(&mut self.changes);
    }
}

/// Gives each key its value, known or not; of several values of one key the last one stays.
impl<K: Row, V: Row> Extend<(K, V)> for UpsertBuffer<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, rows: I) {
        let rows = rows.into_iter();
        // Keys may repeat or be known: room for all of them is made only where there is none yet.
        if self.is_empty() {
            self.reserve(rows.size_hint().0);
        }
        rows.for_each(|(key, value)| self.upsert(key, value));
    }
}
