//! Whether a circuit's integrated output is the oracle's answer.

use std::fmt::Debug;

/// A multiset as sorted rows with the number of times that each stands: weights of one row are summed,
/// and a row of weight zero is none.
#[must_use]
pub fn integrated<R: Ord>(mut changes: Vec<(R, i64)>) -> Vec<(R, i64)> {
    changes.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    let mut rows: Vec<(R, i64)> = Vec::new();
    for (row, weight) in changes {
        match rows.last_mut().filter(|last| last.0 == row) {
            Some(last) => last.1 += weight,
            None => rows.push((row, weight)),
        }
    }
    rows.retain(|&(_, weight)| weight != 0);
    rows
}

/// The first row of which two multisets, in the form of [`integrated`], hold different numbers; none when
/// they are equal.
#[must_use]
pub fn difference<R: Ord + Debug>(circuit: &[(R, i64)], oracle: &[(R, i64)]) -> Option<String> {
    let at = circuit.iter().zip(oracle).take_while(|(left, right)| left == right).count();
    match (circuit.get(at), oracle.get(at)) {
        (None, None) => None,
        (left, right) => Some(format!("at row {at} the circuit has {left:?}, the oracle {right:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_a_row_are_summed_and_zero_is_nothing() {
        let rows = integrated(vec![('b', 1), ('a', 2), ('b', -1), ('a', 1), ('c', -1)]);
        assert_eq!(rows, [('a', 3), ('c', -1)]);
    }

    #[test]
    fn a_difference_names_both_sides() {
        assert_eq!(difference(&[('a', 1)], &[('a', 1)]), None);
        let text = difference(&[('a', 1), ('b', 1)], &[('a', 1)]).unwrap();
        assert_eq!(text, "at row 1 the circuit has Some(('b', 1)), the oracle None");
    }
}
