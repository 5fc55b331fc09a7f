//! How Z-sets show themselves to people: `{apple: +2, pear: -1}`.

use std::fmt::{self, Debug, Formatter};

/// Writes weighted rows as a map from row to weight.
pub(crate) fn weighted_rows<'a, R: Debug + 'a, W: Debug + 'a>(
    f: &mut Formatter<'_>,
    rows: impl Iterator<Item = (&'a R, &'a W)>,
) -> fmt::Result {
    f.debug_map().entries(rows.map(|(row, weight)| (row, Signed(weight)))).finish()
}

/// A weight with its sign: an insertion reads as `+1`, not as `1`.
struct Signed<'a, W>(&'a W);

impl<W: Debug> Debug for Signed<'_, W> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:+?}", self.0)
    }
}
