//! How much of a buffer steps have needed, so that it can be cut when they no longer do.
//!
//! # Shape       the most entries that a step of this period needed, and that one of the period before did.
//! # Invariants  a buffer is cut only if it has room for more than eight times what two periods needed, and for twice that
//!   much is left: steps that vary by less, however seldom the large ones come within a period, allocate nothing.
//! # Cost        a note: a comparison a step. A cut: moving the entries that are in use.
//! # Not here    who ends periods, and when: the circuit does, some nodes at a time.

/// A buffer with room for more than so many times what is needed is cut,
const SLACK: usize = 8;
/// unless it takes so few bytes.
const FEW_BYTES: usize = 4 << 10;

/// Which memory of buffers is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reclaim {
    /// What no recent step has needed.
    Idle,
    /// All that is not in use.
    All,
}

/// How many entries of a buffer steps have needed; see the [module](self).
///
/// ```
/// use dbsp_zset::{Reclaim, Usage, shrink_vec};
///
/// let (mut buffer, mut usage) = (Vec::<u64>::with_capacity(1_000_000), Usage::new());
/// usage.note(1_000);
/// shrink_vec(&mut buffer, usage.end_period(Reclaim::Idle));
/// assert!((2_000..4_000).contains(&buffer.capacity()));
/// assert_eq!([(); 3].map(|()| usage.end_period(Reclaim::Idle)), [1_000, 0, 0]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Usage {
    now: usize,
    before: usize,
}

impl Usage {
    /// Nothing was needed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { now: 0, before: 0 }
    }

    /// Takes note that a step needed so many entries.
    #[inline]
    pub fn note(&mut self, entries: usize) {
        // A branch, which is nearly always taken the same way, and not a maximum, which would be written each time.
        if entries > self.now {
            self.now = entries;
        }
    }

    /// How many entries are needed: the most of this period and the one before, or none for [`Reclaim::All`].
    #[must_use]
    pub fn needed(&self, reclaim: Reclaim) -> usize {
        if reclaim == Reclaim::All { 0 } else { self.now.max(self.before) }
    }

    /// Begins another period, and says how many entries are needed: the most of the last two periods, or none for
    /// [`Reclaim::All`].
    pub fn end_period(&mut self, reclaim: Reclaim) -> usize {
        let needed = self.needed(reclaim);
        (self.before, self.now) = (self.now, 0);
        needed
    }
}

/// Cuts a buffer that has room for far more than `needed` entries and those that are in it.
pub fn shrink_vec<T>(buffer: &mut Vec<T>, needed: usize) {
    let needed = needed.max(buffer.len());
    if is_excessive(buffer.capacity(), size_of::<T>(), needed) {
        buffer.shrink_to(2 * needed);
    }
}

/// Whether room for `capacity` entries of some size is far more than `needed`.
pub(crate) fn is_excessive(capacity: usize, entry_bytes: usize, needed: usize) -> bool {
    capacity.saturating_mul(entry_bytes) > FEW_BYTES && capacity / SLACK > needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_buffers_and_those_in_use_stay() {
        let mut small = Vec::<u8>::with_capacity(FEW_BYTES);
        shrink_vec(&mut small, 0);
        assert_eq!(small.capacity(), FEW_BYTES);
        let mut used = Vec::<u64>::with_capacity(10_000);
        used.extend(0..1_500);
        shrink_vec(&mut used, 0);
        assert_eq!(used.capacity(), 10_000);
        used.truncate(100);
        shrink_vec(&mut used, 0);
        assert!((200..1_000).contains(&used.capacity()));
        let mut nothing = vec![(); 10];
        shrink_vec(&mut nothing, 0);
        assert_eq!(nothing.len(), 10);
    }

    #[test]
    fn what_was_needed_is_remembered_for_two_periods() {
        let mut usage = Usage::new();
        usage.note(5);
        usage.note(3);
        assert_eq!(usage.end_period(Reclaim::Idle), 5);
        usage.note(4);
        assert_eq!(usage.end_period(Reclaim::Idle), 5);
        assert_eq!(usage.end_period(Reclaim::Idle), 4);
        usage.note(9);
        assert_eq!(usage.end_period(Reclaim::All), 0);
        assert_eq!(usage.end_period(Reclaim::Idle), 9);
    }
}
