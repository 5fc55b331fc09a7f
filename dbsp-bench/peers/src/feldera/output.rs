//! What a transaction of Feldera put out, and how it is read: by a cursor, row by row, without copying.

use std::hint::black_box;

use feldera::dynamic::DowncastTrait as _;
use feldera::trace::Cursor as _;
use feldera::typed_batch::{BatchReader as _, DynBatchReader as _, SpineSnapshot};
use feldera::{DBData, OrdIndexedZSet, OrdZSet, OutputHandle};

/// The output of a circuit: pairs of keys and values, or keys alone, with weights.
pub(crate) struct Output<B: Rows> {
    handle: OutputHandle<SpineSnapshot<B>>,
    last: Option<SpineSnapshot<B>>,
}

/// A kind of batch whose rows can be read.
pub(crate) trait Rows: feldera::typed_batch::Batch<Time = ()> + Send {
    /// Gives each row of `snapshot` with its weight to `row`.
    fn for_each(snapshot: &SpineSnapshot<Self>, row: impl FnMut(&Self::Key, &Self::Val, i64));
}

impl<B: Rows> Output<B> {
    pub(crate) fn new(handle: OutputHandle<SpineSnapshot<B>>) -> Self {
        Self { handle, last: None }
    }

    /// Takes what the last transaction put out.
    pub(crate) fn take(&mut self) {
        self.last = self.handle.take_from_worker(0);
    }

    /// Gives each row with its weight to `row`.
    pub(crate) fn for_each(&self, row: impl FnMut(&B::Key, &B::Val, i64)) {
        if let Some(last) = &self.last {
            B::for_each(last, row);
        }
    }

    /// Reads each row once.
    pub(crate) fn touch(&self) -> i64 {
        let mut sum = 0;
        self.for_each(|key, value, weight| {
            black_box((key, value));
            sum += weight;
        });
        sum
    }
}

impl<K: DBData, V: DBData> Rows for OrdIndexedZSet<K, V> {
    fn for_each(snapshot: &SpineSnapshot<Self>, mut row: impl FnMut(&K, &V, i64)) {
        let mut cursor = snapshot.inner().cursor();
        while cursor.key_valid() {
            while cursor.val_valid() {
                let weight = **cursor.weight();
                row(cursor.key().downcast_checked(), cursor.val().downcast_checked(), weight);
                cursor.step_val();
            }
            cursor.step_key();
        }
    }
}

impl<K: DBData> Rows for OrdZSet<K> {
    fn for_each(snapshot: &SpineSnapshot<Self>, mut row: impl FnMut(&K, &(), i64)) {
        let mut cursor = snapshot.inner().cursor();
        while cursor.key_valid() {
            let weight = **cursor.weight();
            row(cursor.key().downcast_checked(), &(), weight);
            cursor.step_key();
        }
    }
}
