//! The functions of random queries: maps, filters and flat maps over rows, all within the small domain.

use std::fmt;

use super::QueryRow;

/// A map, then a filter, then a flat map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named by their types")]
pub struct Chain {
    pub map: Map,
    pub keep: Keep,
    pub spread: Spread,
}

impl Chain {
    /// The chain that brings a row back into the domain and does no more.
    pub const WRAP: Self = Self { map: Map::Same, keep: Keep::All, spread: Spread::One };
}

/// What a row is mapped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// Itself, brought back into the domain.
    Same,
    /// Value and key change places.
    Swap,
    /// Two keys become one, and two values.
    Merge,
    /// Every row becomes one.
    Constant,
    /// Twice the value, with the key moved on by it.
    Shift,
}

/// Which rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Keep {
    All,
    EvenValue,
    SmallKey,
    Nothing,
}

/// What rows a row becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Itself.
    One,
    /// Itself and its mirror image.
    Both,
    /// Itself twice when its value is positive, else nothing.
    TwiceOrNothing,
}

/// What a pair of joined values becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The key and the left value: pairs meet.
    First,
    /// The left value as key, and the right one.
    Pair,
    /// The next key, and the difference of the values.
    Turn,
}

/// Brings a row back into the domain of [`row`](crate::strategy::row).
#[must_use]
pub(super) fn wrap((key, value): QueryRow) -> QueryRow {
    (key.rem_euclid(4), (value + 3).rem_euclid(7) - 3)
}

impl Map {
    /// The map.
    #[must_use]
    pub fn apply(self, &(key, value): &QueryRow) -> QueryRow {
        let (key, value) = wrap((key, value));
        wrap(match self {
            Self::Same => (key, value),
            Self::Swap => (value, key),
            Self::Merge => (key / 2, value.abs()),
            Self::Constant => (0, 0),
            Self::Shift => (key + value, 2 * value),
        })
    }
}

impl Keep {
    /// The filter.
    #[must_use]
    pub fn holds(self, &(key, value): &QueryRow) -> bool {
        match self {
            Self::All => true,
            Self::EvenValue => value % 2 == 0,
            Self::SmallKey => key < 2,
            Self::Nothing => false,
        }
    }
}

impl Spread {
    /// The flat map.
    #[must_use]
    pub fn rows(self, &(key, value): &QueryRow) -> Vec<QueryRow> {
        match self {
            Self::One => vec![(key, value)],
            Self::Both => vec![(key, value), (key, -value)],
            Self::TwiceOrNothing if value > 0 => vec![(key, value); 2],
            Self::TwiceOrNothing => vec![],
        }
    }
}

impl Merge {
    /// The row of a pair.
    #[must_use]
    pub fn apply(self, &key: &i64, &left: &i64, &right: &i64) -> QueryRow {
        wrap(match self {
            Self::First => (key, left),
            Self::Pair => (left, right),
            Self::Turn => (key + 1, left - right),
        })
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::WRAP {
            return f.write_str("wrap");
        }
        write!(f, "{:?} {:?} {:?}", self.map, self.keep, self.spread)
    }
}
