//! A circuit that several threads read at once.
//!
//! # Shape       a circuit, of which a shared reference shows only what may be read from any thread.
//! # Invariants  through `&SharedCircuit` nothing is reached but numbers, and targets and deltas whose type is `Sync`.
//! # Cost        none.
//! # Not here    no lock: put one around it.
#![allow(
    unsafe_code,
    reason = "that a shared circuit shows only what is `Sync` is beyond what the compiler can see"
)]

use std::ops::Index;

use dbsp_zset::Delta;

use crate::changes::Changes;
use crate::circuit::Circuit;
use crate::error::Error;
use crate::handle::{DeltaHandle, Handle};

/// A circuit for readers on several threads beside a writer, as `Arc<RwLock<SharedCircuit>>`.
///
/// Rows need not be `Sync`, so a [`Circuit`] is not. This is one with fewer methods on `&self`: those that read, each for
/// rows that are `Sync`. Whoever has it for itself, as under a write lock, gets at the whole circuit by
/// [`circuit_mut`](Self::circuit_mut).
///
/// ```
/// use std::sync::{Arc, RwLock};
/// use std::thread;
///
/// use dbsp_runtime::{Circuit, Error};
///
/// let (circuit, (rows, totals)) = Circuit::build(|b| {
///     let (stream, rows) = b.input::<(u32, i64)>("rows");
///     (rows, stream.keyed().count().view())
/// })?;
/// let shared = Arc::new(RwLock::new(circuit.into_shared()));
/// let readers: Vec<_> = (0..2)
///     .map(|_| {
///         let shared = Arc::clone(&shared);
///         thread::spawn(move || loop {
///             let circuit = shared.read().expect("no writer panics");
///             // Each step is seen whole: every key has as many rows as there were steps.
///             let steps = circuit.steps() as i64;
///             assert!(circuit[totals].iter().all(|(_, count, _)| *count == steps));
///             if steps == 100 {
///                 return circuit[totals].len();
///             }
///         })
///     })
///     .collect();
/// for n in 0..100 {
///     let mut writer = shared.write().expect("no reader panics");
///     let circuit = writer.circuit_mut();
///     circuit[rows].extend((0..10).map(|key| (key, n)));
///     circuit.step()?;
/// }
/// for reader in readers {
///     assert_eq!(reader.join().expect("a reader sees whole steps"), 10);
/// }
/// # Ok::<(), Error>(())
/// ```
///
/// Rows that no two threads may read at once cannot be read through it:
/// ```compile_fail,E0277
/// # use std::cell::Cell;
/// # use dbsp_runtime::{SharedCircuit, View};
/// #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
/// struct Unshared(Cell<u32>);
/// # impl std::hash::Hash for Unshared { fn hash<H: std::hash::Hasher>(&self, _: &mut H) {} }
/// fn read(circuit: &SharedCircuit, view: View<Unshared>) -> usize {
///     circuit[view].len()
/// }
/// ```
#[derive(Debug)]
pub struct SharedCircuit {
    circuit: Circuit,
}

// SAFETY: what makes a `Circuit` not `Sync` are the values in its slots and the operators in its nodes, which are only
// `Send`. A `&SharedCircuit` reaches neither, but for the slot of a handle whose target, or whose delta, is asked to be `Sync`:
// the field is private, this module hands no `&Circuit` out, and each method below on `&self` has that bound or reads plain
// numbers. On the way `Slots::get` compares the type id of the slot's value, which reads the value's vtable and not the value.
// `Debug` prints numbers and the condition, an enum of plain texts. All else needs `&mut self` or `self`, so no other
// thread is there.
unsafe impl Sync for SharedCircuit {}

impl Circuit {
    /// The circuit for readers on several threads.
    #[must_use]
    pub fn into_shared(self) -> SharedCircuit {
        SharedCircuit { circuit: self }
    }
}

impl SharedCircuit {
    /// The whole circuit, for whoever has it alone.
    pub fn circuit_mut(&mut self) -> &mut Circuit {
        &mut self.circuit
    }

    /// The whole circuit, no longer shared.
    #[must_use]
    pub fn into_circuit(self) -> Circuit {
        self.circuit
    }

    /// As [`Circuit::get`].
    ///
    /// # Errors
    /// [`Error::ForeignHandle`] if the handle belongs to another circuit.
    pub fn get<H: Handle>(&self, handle: H) -> Result<&H::Target, Error>
    where
        H::Target: Sync,
    {
        self.circuit.get(handle)
    }

    /// As [`Circuit::delta`].
    ///
    /// # Panics
    /// If the handle belongs to another circuit, as an index out of bounds does.
    #[must_use]
    pub fn delta<H: DeltaHandle>(&self, handle: H) -> &Delta<H::Row>
    where
        H::Row: Sync,
    {
        self.circuit.delta(handle)
    }

    /// As [`Circuit::changes`].
    ///
    /// # Panics
    /// If the handle belongs to another circuit, as an index out of bounds does.
    pub fn changes<H: DeltaHandle>(&self, handle: H) -> Changes<'_, H::Row>
    where
        H::Row: Sync,
    {
        self.circuit.changes(handle)
    }

    /// How many steps have succeeded.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.circuit.steps()
    }
}

/// # Panics
/// If the handle belongs to another circuit; [`SharedCircuit::get`] gives an error instead.
impl<H: Handle> Index<H> for SharedCircuit
where
    H::Target: Sync,
{
    type Output = H::Target;

    fn index(&self, handle: H) -> &H::Target {
        &self.circuit[handle]
    }
}
