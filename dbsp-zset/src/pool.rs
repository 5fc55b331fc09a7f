//! What becomes of a buffer that a step has filled: it is kept for the next step, or given back.
//!
//! # Cost        with feature `pool`: emptying it, and no allocation once it is long enough; it stays until whoever owns it
//!   cuts it (see [`Usage`](crate::Usage)). Without: an allocation or several a step, and nothing is held between steps.
//! # Not here    memory of state, such as that of a table: it stays until most of the state is gone, with or without `pool`.

/// Empties a buffer after a step. With feature `pool` by `clear`, so that it keeps its memory; without it a new one
/// takes its place.
///
/// ```
/// use dbsp_zset::renew;
///
/// let mut rows = vec![1, 2, 3];
/// renew(&mut rows, Vec::clear);
/// assert!(rows.is_empty());
/// assert_eq!(rows.capacity() > 0, cfg!(feature = "pool"));
/// ```
#[inline]
pub fn renew<B: Default>(buffer: &mut B, clear: impl FnOnce(&mut B)) {
    if cfg!(feature = "pool") {
        clear(buffer);
    } else {
        *buffer = B::default();
    }
}

/// How many things of a kind to make when one is needed, of which so many there are: with feature `pool` an eighth more,
/// and `least` in any case, so that a step that frees as many as it takes makes none; without it one.
#[cfg(feature = "fast-table")]
pub(crate) fn at_once(least: usize, there: usize) -> usize {
    if cfg!(feature = "pool") { least + there / 8 } else { 1 }
}
