//! Kinds of rows: what a user may put into a circuit, made of small numbers.

use std::cell::Cell;
use std::cmp::Ordering;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::panic::panic_any;

use dbsp_runtime::Row;

/// Rows of one type.
pub(crate) trait Kind: Row + Debug {
    /// The row of a number below eight; several numbers may have one.
    fn of(number: u64) -> Self;

    /// A number of a row, for sums and ranks.
    fn number(&self) -> i64;
}

impl Kind for u64 {
    fn of(number: u64) -> Self {
        number << 32
    }

    fn number(&self) -> i64 {
        (*self >> 32) as i64
    }
}

impl Kind for u8 {
    fn of(number: u64) -> Self {
        number as Self
    }

    fn number(&self) -> i64 {
        (*self).into()
    }
}

impl Kind for () {
    fn of(_: u64) -> Self {}

    fn number(&self) -> i64 {
        1
    }
}

impl Kind for [u8; 0] {
    fn of(_: u64) -> Self {
        []
    }

    fn number(&self) -> i64 {
        1
    }
}

impl Kind for String {
    fn of(number: u64) -> Self {
        format!("a text that no small string holds {number}")
    }

    fn number(&self) -> i64 {
        self.len() as i64 + self.bytes().last().map_or(0, i64::from)
    }
}

/// 4 KiB by value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Block([u64; 512]);

impl Kind for Block {
    fn of(number: u64) -> Self {
        Self([number; 512])
    }

    fn number(&self) -> i64 {
        self.0[511] as i64
    }
}

/// All hashes are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Constant(u64);

impl Hash for Constant {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Kind for Constant {
    fn of(number: u64) -> Self {
        Self(number)
    }

    fn number(&self) -> i64 {
        self.0 as i64
    }
}

/// What a fuse throws.
pub(crate) struct Blown;

thread_local! {
    /// How many calls are let through before one panics, and whether calls of rows count.
    static FUSE: Cell<Option<(u64, bool)>> = const { Cell::new(None) };
}

/// Lets a call of user code panic after so many others: of a closure, or also of a row.
pub(crate) fn blow_after(calls: u64, counts_rows: bool) {
    FUSE.set(Some((calls, counts_rows)));
}

pub(crate) fn defuse() {
    FUSE.set(None);
}

/// A call of a closure.
pub(crate) fn call_closure() {
    call(false);
}

fn call(is_row: bool) {
    let Some((left, counts_rows)) = FUSE.get() else { return };
    if is_row && !counts_rows {
        return;
    }
    if left > 0 {
        FUSE.set(Some((left - 1, counts_rows)));
    } else {
        // Once: what is then done about it is not to panic as well.
        FUSE.set(None);
        panic_any(Blown);
    }
}

/// A row whose code may panic.
#[derive(Debug)]
pub(crate) struct Fused(Box<u64>);

impl Clone for Fused {
    fn clone(&self) -> Self {
        call(true);
        Self(self.0.clone())
    }
}

impl PartialEq for Fused {
    fn eq(&self, other: &Self) -> bool {
        call(true);
        self.0 == other.0
    }
}

impl Eq for Fused {}

impl PartialOrd for Fused {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fused {
    fn cmp(&self, other: &Self) -> Ordering {
        call(true);
        self.0.cmp(&other.0)
    }
}

impl Hash for Fused {
    fn hash<H: Hasher>(&self, state: &mut H) {
        call(true);
        self.0.hash(state);
    }
}

impl Kind for Fused {
    fn of(number: u64) -> Self {
        Self(Box::new(number))
    }

    fn number(&self) -> i64 {
        *self.0 as i64
    }
}
