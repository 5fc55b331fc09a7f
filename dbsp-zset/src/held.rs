//! How much memory a value holds: what operators and circuits report.

use std::ops::Add;

use crate::delta::Delta;
use crate::indexed::IndexedZSet;
use crate::ordered::OrderedTrace;
use crate::table::DenseTable;
use crate::zset::ZSet;

/// Rows that are held, and the memory of the containers that hold them. What a row owns beyond its own
/// size, as a `String` does its text, is not counted: containers cannot see it.
///
/// ```
/// use dbsp_zset::{Held, Holds, ZSet};
///
/// let fruit: ZSet<u64> = (0..100).map(|n| (n, 1)).collect();
/// let Held { rows, bytes } = fruit.held();
/// assert!(rows == 100 && bytes >= 100 * 16);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// How many rows.
    pub rows: usize,
    /// Bytes that were allocated for them.
    pub bytes: usize,
}

impl Add for Held {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, bytes: self.bytes + other.bytes }
    }
}

/// What can say how much memory it holds.
pub trait Holds {
    /// The memory that this value owns, without its own size.
    fn held(&self) -> Held;
}

impl<R, W> Holds for Delta<R, W> {
    fn held(&self) -> Held {
        Held { rows: self.len(), bytes: self.allocated_bytes() }
    }
}

impl<R, W> Holds for ZSet<R, W> {
    fn held(&self) -> Held {
        Held { rows: self.len(), bytes: self.allocated_bytes() }
    }
}

impl<K, V, W> Holds for IndexedZSet<K, V, W> {
    fn held(&self) -> Held {
        Held { rows: self.len(), bytes: self.allocated_bytes() }
    }
}

/// O(nodes of the trees).
impl<K, V, W, S> Holds for OrderedTrace<K, V, W, S> {
    fn held(&self) -> Held {
        Held { rows: self.len(), bytes: self.allocated_bytes() }
    }
}

impl<K, V> Holds for DenseTable<K, V> {
    fn held(&self) -> Held {
        Held { rows: self.len(), bytes: self.allocated_bytes() }
    }
}
