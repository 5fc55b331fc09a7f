//! A row and a monoid whose every method can be told to panic.

use std::cell::Cell;
use std::cmp::Ordering;
use std::fmt::{self, Debug, Formatter};
use std::hash::{Hash, Hasher};
use std::panic::resume_unwind;
use std::thread;

use dbsp_runtime::{Monoid, Overflow, Semigroup};

/// Where user code runs inside of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    Closure,
    Clone,
    Eq,
    Ord,
    Hash,
    Drop,
    Zero,
    IsZero,
    Add,
    Output,
}

impl Site {
    pub(crate) const ALL: [Self; 10] = [
        Self::Closure,
        Self::Clone,
        Self::Eq,
        Self::Ord,
        Self::Hash,
        Self::Drop,
        Self::Zero,
        Self::IsZero,
        Self::Add,
        Self::Output,
    ];

    /// Whether this is a method of rows, whose panic may cost the circuit.
    pub(crate) fn is_of_rows(self) -> bool {
        matches!(self, Self::Clone | Self::Eq | Self::Ord | Self::Hash | Self::Drop)
    }
}

thread_local! {
    static FUSE: Cell<Option<(Site, u64)>> = const { Cell::new(None) };
}

/// Lets call number `calls` of a site panic, once.
pub(crate) fn arm(site: Site, calls: u64) {
    FUSE.set(Some((site, calls)));
}

/// Lets no call panic, and says whether one has since the fuse was armed.
pub(crate) fn disarm() -> bool {
    FUSE.take().is_none()
}

/// A call of a site.
pub(crate) fn spend(site: Site) {
    let Some((armed, calls)) = FUSE.get() else { return };
    if armed == site && calls <= 1 {
        FUSE.set(None);
        resume_unwind(Box::new(Payload("a fuse")));
    } else if armed == site {
        FUSE.set(Some((armed, calls - 1)));
    }
}

/// What the fuse panics with.
struct Payload(#[expect(dead_code, reason = "a payload holds something")] &'static str);

/// A number with padding behind it, so that rows can be made larger than what stays near the processor.
pub(crate) struct Fused<const PAD: usize> {
    number: i64,
    padding: [u8; PAD],
}

impl<const PAD: usize> crate::cell::Cell for Fused<PAD> {
    fn new(number: i64) -> Self {
        Self { number, padding: [0; PAD] }
    }

    fn number(&self) -> i64 {
        self.number
    }
}

impl<const PAD: usize> Debug for Fused<PAD> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)
    }
}

impl<const PAD: usize> Clone for Fused<PAD> {
    fn clone(&self) -> Self {
        spend(Site::Clone);
        Self { number: self.number, padding: self.padding }
    }
}

impl<const PAD: usize> PartialEq for Fused<PAD> {
    fn eq(&self, other: &Self) -> bool {
        spend(Site::Eq);
        self.number == other.number
    }
}

impl<const PAD: usize> Eq for Fused<PAD> {}

impl<const PAD: usize> PartialOrd for Fused<PAD> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const PAD: usize> Ord for Fused<PAD> {
    fn cmp(&self, other: &Self) -> Ordering {
        spend(Site::Ord);
        self.number.cmp(&other.number)
    }
}

impl<const PAD: usize> Hash for Fused<PAD> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        spend(Site::Hash);
        self.number.hash(state);
    }
}

impl<const PAD: usize> Drop for Fused<PAD> {
    fn drop(&mut self) {
        if !thread::panicking() {
            spend(Site::Drop);
        }
    }
}

/// A sum whose every method can panic.
pub(crate) struct Total(pub(crate) i64);

impl Clone for Total {
    fn clone(&self) -> Self {
        spend(Site::Clone);
        Self(self.0)
    }
}

impl PartialEq for Total {
    fn eq(&self, other: &Self) -> bool {
        spend(Site::Eq);
        self.0 == other.0
    }
}

impl Eq for Total {}

impl PartialOrd for Total {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Total {
    fn cmp(&self, other: &Self) -> Ordering {
        spend(Site::Ord);
        self.0.cmp(&other.0)
    }
}

impl Hash for Total {
    fn hash<H: Hasher>(&self, state: &mut H) {
        spend(Site::Hash);
        self.0.hash(state);
    }
}

impl Drop for Total {
    fn drop(&mut self) {
        if !thread::panicking() {
            spend(Site::Drop);
        }
    }
}

impl Semigroup for Total {
    fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow> {
        spend(Site::Add);
        self.0.try_add_assign(&other.0)
    }
}

impl Monoid for Total {
    fn zero() -> Self {
        spend(Site::Zero);
        Self(0)
    }

    fn is_zero(&self) -> bool {
        spend(Site::IsZero);
        *self == Self::zero()
    }
}
