//! The checked input: an input of rows that knows its rows, and says what it does about deleting one that is not there.
//!
//! # Shape       how often each row is there, the changes that no step has seen, and what was turned away.
//! # Invariants  unless the input is lenient no row is there less than zero times, pending changes included; a change is
//!   taken whole or not at all.
//! # Cost        O(1) expected a change, and a copy of the rows. A lenient one keeps no copy.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use dbsp_zset::{Delta, Row, ZSet};

use crate::builder::Builder;
use crate::error::Error;
use crate::handle::CheckedInput;
use crate::nodes::SourceNode;
use crate::panics::Payload;
use crate::streams::Stream;
use crate::upsert::Strictness;

/// A checked input of a circuit; reached as `circuit[handle]`, made by [`Builder::checked_input`].
///
/// Changes count at once for what follows, and reach the circuit with its next step; if that fails they stay pending.
///
/// ```
/// use dbsp_runtime::{Circuit, Error, Strictness};
///
/// let (mut circuit, (pets, count)) = Circuit::build(|b| {
///     let (stream, pets) = b.checked_input::<(&str, &str)>("pets", Strictness::Strict);
///     (pets, stream.keyed().count().view())
/// })?;
/// circuit[pets].insert(("ann", "cat"))?;
/// let unknown = circuit[pets].delete(("ann", "dog"));
/// assert_eq!(unknown.unwrap_err().to_string(), r#"input "pets" does not hold row ("ann", "dog") often enough"#);
/// circuit.step()?;
/// assert_eq!(circuit[count].value("ann"), Some(&1));
/// circuit[pets].delete(("ann", "cat"))?;
/// assert_eq!(circuit[pets].get(&("ann", "cat")), 0);
/// # Ok::<(), Error>(())
/// ```
pub struct CheckedBuffer<R: Row> {
    pub(crate) name: Arc<str>,
    pub(crate) strictness: Strictness,
    /// How often each row is there, pending changes included; nothing for a lenient input.
    pub(crate) rows: ZSet<R>,
    pub(crate) changes: Delta<R>,
    pub(crate) rejected: Delta<R>,
}

impl Builder {
    /// An input of rows with weights that counts them, so that it can tell when a row is deleted that is not there.
    /// [`Strictness::Strict`] refuses such a change, [`Strictness::Report`] leaves it out and keeps it to be looked at,
    /// [`Strictness::Lenient`] takes it, as [`input`](Self::input) does.
    #[track_caller]
    pub fn checked_input<R: Row>(
        &self,
        name: &str,
        strictness: Strictness,
    ) -> (Stream<'_, R>, CheckedInput<R>) {
        let buffer = self.keep(CheckedBuffer {
            name: Arc::from(name),
            strictness,
            rows: ZSet::new(),
            changes: Delta::new(),
            rejected: Delta::new(),
        });
        let operator = crate::builder::named("checked_input", name);
        let stream = self.add_stream(operator, &[], |output| SourceNode::new(buffer, output));
        (stream, CheckedInput { circuit: self.id, target: buffer })
    }
}

impl<R: Row + Debug> CheckedBuffer<R> {
    /// Adds one copy of a row.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn insert(&mut self, row: R) -> Result<(), Error> {
        self.push(row, 1)
    }

    /// Takes one copy of a row away.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn delete(&mut self, row: R) -> Result<(), Error> {
        self.push(row, -1)
    }

    /// Changes how often a row is there by `weight`.
    ///
    /// # Errors
    /// Under [`Strictness::Strict`], with nothing changed: [`Error::UnknownRow`] if the row would then be there less than
    /// zero times, [`Error::TooManyRows`] if it would be there more than `i64::MAX` times.
    pub fn push(&mut self, row: R, weight: i64) -> Result<(), Error> {
        if weight == 0 {
            return Ok(());
        }
        // Room first, so that what the rows know and what the step will see change together.
        self.changes.reserve(1);
        if self.strictness != Strictness::Lenient {
            let is_there = self.rows.get(&row).checked_add(weight).is_some_and(|sum| sum >= 0);
            if !is_there && self.strictness == Strictness::Strict {
                return Err(self.error(&row, weight));
            }
            if !is_there {
                self.rejected.push(row, weight);
                return Ok(());
            }
            let (is_counted, panic) = count(&mut self.rows, &row, weight);
            if is_counted {
                self.changes.push(row, weight);
            }
            if let Some(panic) = panic {
                resume_unwind(panic);
            }
            return Ok(());
        }
        self.changes.push(row, weight);
        Ok(())
    }

    /// Makes several changes, one after the other.
    ///
    /// # Errors
    /// As [`push`](Self::push), for the first that is refused; those before it are made, those behind it are not.
    pub fn try_extend(&mut self, changes: impl IntoIterator<Item = (R, i64)>) -> Result<(), Error> {
        changes.into_iter().try_for_each(|(row, weight)| self.push(row, weight))
    }

    fn error(&self, row: &R, weight: i64) -> Error {
        let (input, row) = (Arc::clone(&self.name), format!("{row:?}"));
        if weight < 0 { Error::UnknownRow { input, row } } else { Error::TooManyRows { input, row } }
    }
}

impl<R: Row> CheckedBuffer<R> {
    /// How often a row is there, pending changes included; a lenient input, which keeps no copy of its rows, says 0. The
    /// row may be in any borrowed form, as with std's maps.
    #[must_use]
    pub fn get<Q: Ord + Hash + ?Sized>(&self, row: &Q) -> i64
    where
        R: Borrow<Q>,
    {
        self.rows.get(row)
    }

    /// All rows that are there, pending changes included; none for a lenient input.
    #[must_use]
    pub fn rows(&self) -> &ZSet<R> {
        &self.rows
    }

    /// What the next step will see.
    #[must_use]
    pub fn pending(&self) -> &Delta<R> {
        &self.changes
    }

    /// The changes that were left out under [`Strictness::Report`], since they were last
    /// [taken](Self::take_rejected).
    #[must_use]
    pub fn rejected(&self) -> &Delta<R> {
        &self.rejected
    }

    /// Takes the changes that were left out.
    pub fn take_rejected(&mut self) -> Delta<R> {
        std::mem::take(&mut self.rejected)
    }

    /// Takes back everything that no step has seen yet. What was left out stays to be looked at.
    pub fn clear(&mut self) {
        if self.strictness != Strictness::Lenient {
            // The last one first, so that each count only takes values that it has already had.
            while let Some(last) = self.changes.len().checked_sub(1) {
                let (row, weight) = (&self.changes.rows()[last], self.changes.weights()[last]);
                let (is_counted, panic) = count(&mut self.rows, row, -weight);
                if is_counted {
                    self.changes.truncate(last);
                }
                if let Some(panic) = panic {
                    resume_unwind(panic);
                }
            }
        }
        self.changes.clear();
    }
}

/// Changes how often a row is there, which fits; says whether it did, and what the row panicked with. A row that panics as
/// it is dropped is gone all the same: only then there are fewer rows than before.
fn count<R: Row>(rows: &mut ZSet<R>, row: &R, weight: i64) -> (bool, Option<Payload>) {
    let before = rows.len();
    match catch_unwind(AssertUnwindSafe(|| rows.try_add_row(row, &weight))) {
        Ok(counted) => {
            counted.expect("a count that was asked for fits");
            (true, None)
        }
        Err(panic) => (rows.len() < before, Some(panic)),
    }
}
