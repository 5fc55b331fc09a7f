//! Handles: small copyable names for the inputs, outputs and views of one circuit.

use std::fmt::{self, Debug, Formatter};

use dbsp_zset::{Delta, IndexedZSet, Row, ZSet};

use crate::changes::{self, Changes};
use crate::checked::CheckedBuffer;
use crate::slots::SlotId;
use crate::upsert::UpsertBuffer;

/// A name for something in a circuit that can be read as `circuit[handle]`.
pub trait Handle: Copy + sealed::Named {
    /// What it names.
    type Target: 'static;
}

/// A handle whose target the user may change.
pub trait InputHandle: Handle {}

/// A handle of a stream whose last delta can be read.
pub trait DeltaHandle: Copy + sealed::Changing {
    /// The rows of the stream.
    type Row: Row;

    #[doc(hidden)]
    fn changes_of(delta: &Delta<Self::Row>) -> Changes<'_, Self::Row>;
}

pub(crate) mod sealed {
    /// Which circuit, and which slot in it.
    pub trait Named {
        #[doc(hidden)]
        fn circuit(&self) -> u64;
        #[doc(hidden)]
        fn slot(&self) -> usize;
    }

    /// Which circuit, and which slot in it holds the stream.
    pub trait Changing {
        #[doc(hidden)]
        fn changing_circuit(&self) -> u64;
        #[doc(hidden)]
        fn delta_slot(&self) -> usize;
    }
}

macro_rules! handle {
    (
        $(#[$doc:meta])*
        $name:ident<$($row:ident),*> { $($field:ident: $held:ty),* } reads $target:ty
    ) => {
        $(#[$doc])*
        pub struct $name<$($row: Row),*> {
            pub(crate) circuit: u64,
            $(pub(crate) $field: SlotId<$held>,)*
        }

        impl<$($row: Row),*> Clone for $name<$($row),*> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($row: Row),*> Copy for $name<$($row),*> {}

        impl<$($row: Row),*> Debug for $name<$($row),*> {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.target.index)
            }
        }

        impl<$($row: Row),*> sealed::Named for $name<$($row),*> {
            fn circuit(&self) -> u64 {
                self.circuit
            }

            fn slot(&self) -> usize {
                self.target.index
            }
        }

        impl<$($row: Row),*> Handle for $name<$($row),*> {
            type Target = $target;
        }
    };
}

macro_rules! delta_of {
    ($name:ident<$($row:ident),*> stands in $delta:ident with $delta_row:ty, changes by $changes:path) => {
        impl<$($row: Row),*> sealed::Changing for $name<$($row),*> {
            fn changing_circuit(&self) -> u64 {
                self.circuit
            }

            fn delta_slot(&self) -> usize {
                self.$delta.index
            }
        }

        impl<$($row: Row),*> DeltaHandle for $name<$($row),*> {
            type Row = $delta_row;

            fn changes_of(delta: &Delta<$delta_row>) -> Changes<'_, $delta_row> {
                $changes(delta)
            }
        }
    };
}

handle! {
    /// Names an input of rows with weights: `circuit[input]` is the [`Delta`] that the next step takes.
    Input<R> { target: Delta<R> } reads Delta<R>
}

handle! {
    /// Names a checked input of rows: `circuit[input]` is its [`CheckedBuffer`].
    CheckedInput<R> { target: CheckedBuffer<R> } reads CheckedBuffer<R>
}

handle! {
    /// Names a keyed input: `circuit[upsert]` is its [`UpsertBuffer`].
    Upsert<K, V> { target: UpsertBuffer<K, V> } reads UpsertBuffer<K, V>
}

handle! {
    /// Names an output of which nothing is kept but the delta of the last step: `circuit[output]`, or
    /// [`circuit.delta(output)`](crate::Circuit::delta).
    Output<R> { target: Delta<R> } reads Delta<R>
}

handle! {
    /// Names an integrated view: `circuit[view]` is the [`ZSet`] of all rows, and
    /// [`circuit.delta(view)`](crate::Circuit::delta) what the last step changed in it.
    View<R> { target: ZSet<R>, delta: Delta<R> } reads ZSet<R>
}

handle! {
    /// Names an integrated view of a keyed stream: `circuit[view]` is the [`IndexedZSet`] of all rows,
    /// and [`circuit.delta(view)`](crate::Circuit::delta) what the last step changed in it.
    KeyedView<K, V> { target: IndexedZSet<K, V>, delta: Delta<(K, V)> }
    reads IndexedZSet<K, V>
}

impl<R: Row> InputHandle for Input<R> {}
impl<R: Row> InputHandle for CheckedInput<R> {}
impl<K: Row, V: Row> InputHandle for Upsert<K, V> {}

delta_of! { Output<R> stands in target with R, changes by changes::of_rows }
delta_of! { View<R> stands in delta with R, changes by changes::of_rows }
delta_of! { KeyedView<K, V> stands in delta with (K, V), changes by changes::of_keyed_rows }
