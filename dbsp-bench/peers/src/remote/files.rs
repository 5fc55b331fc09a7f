//! The files by which rows and changes reach a script: numbers of 64 bits, lowest byte first.
//!
//! # Shape
//! Rows: id, key, value, row after row. Dimension: key, class. Changes: for each step how many rows there are, then
//! id, key, value and weight of each, in the order of the delta. Negative numbers are in two's complement.

use std::path::Path;

use anyhow::{Context as _, Result};
use dbsp_bench::headline::{Attribute, Change, Record};

/// The rows of the base.
pub(super) fn rows(rows: &[Record]) -> Vec<u8> {
    bytes(rows.iter().flat_map(|(id, key, value)| [*id, *key, value.cast_unsigned()]))
}

/// The rows of the dimension.
pub(super) fn dimension(rows: &[Attribute]) -> Vec<u8> {
    bytes(rows.iter().flat_map(|(key, class)| [*key, *class]))
}

/// The deltas of `changes`, a step each.
pub(super) fn changes(changes: &[Change]) -> Vec<u8> {
    let mut numbers = Vec::new();
    for change in changes {
        numbers.push(change.delta.len() as u64);
        for ((id, key, value), weight) in &change.delta {
            numbers.extend([*id, *key, value.cast_unsigned(), weight.cast_unsigned()]);
        }
    }
    bytes(numbers.into_iter())
}

/// Writes a file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn bytes(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    numbers.flat_map(u64::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use dbsp_bench::headline::Workload;

    use super::*;

    fn numbers(bytes: &[u8]) -> Vec<i64> {
        let number = |chunk: &[u8]| i64::from_le_bytes(chunk.try_into().unwrap());
        bytes.chunks_exact(8).map(number).collect()
    }

    #[test]
    fn rows_follow_each_other_as_numbers_of_64_bits() {
        assert_eq!(numbers(&rows(&[(1, 2, -3), (4, 5, 6)])), [1, 2, -3, 4, 5, 6]);
        assert_eq!(numbers(&dimension(&[(7, 8)])), [7, 8]);
    }

    #[test]
    fn a_step_begins_with_its_number_of_rows_and_old_rows_come_first() {
        let mut workload = Workload::new(9, 1);
        let steps = [workload.change(2), workload.change(1)];
        let numbers = numbers(&changes(&steps));
        assert_eq!(numbers.len(), (1 + 4 * 4) + (1 + 2 * 4));
        assert_eq!((numbers[0], numbers[17]), (4, 2));
        assert_eq!((numbers[4], numbers[8]), (-1, 1));
        assert_eq!(numbers[18], steps[1].new[0].0.cast_signed());
    }
}
