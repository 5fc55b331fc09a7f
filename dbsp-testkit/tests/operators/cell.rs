//! What keys and values are made of: numbers, in types of any size.

use std::hash::{Hash, Hasher};

use dbsp_runtime::Row;

/// A row that stands for a number; of a type with too few values several numbers are one.
pub(crate) trait Cell: Row {
    fn new(number: i64) -> Self;

    fn number(&self) -> i64;
}

/// Bytes in the order of the numbers.
impl<const N: usize> Cell for [u8; N] {
    fn new(number: i64) -> Self {
        let mut bytes = [0; N];
        if N >= 8 {
            bytes[..8].copy_from_slice(&number.wrapping_sub(i64::MIN).to_be_bytes());
        } else if N > 0 {
            bytes[0] = number as u8;
        }
        bytes
    }

    fn number(&self) -> i64 {
        match self.first_chunk::<8>() {
            Some(bytes) => i64::from_be_bytes(*bytes).wrapping_add(i64::MIN),
            None => self.first().copied().map_or(0, i64::from),
        }
    }
}

impl Cell for () {
    fn new(_: i64) -> Self {}

    fn number(&self) -> i64 {
        0
    }
}

/// Digits in the order of the numbers.
impl Cell for String {
    fn new(number: i64) -> Self {
        format!("{:020}", i128::from(number) - i128::from(i64::MIN))
    }

    fn number(&self) -> i64 {
        let shifted: i128 = self.parse().expect("it was made from a number");
        (shifted + i128::from(i64::MIN)) as i64
    }
}

/// A number whose hash says nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alike(i64);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Cell for Alike {
    fn new(number: i64) -> Self {
        Self(number)
    }

    fn number(&self) -> i64 {
        self.0
    }
}
