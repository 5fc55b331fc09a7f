//! A change of a weight that takes more than 64 bits.
//!
//! Between two weights of 64 bits lie up to 65: from `i64::MIN` to `i64::MAX` a row changes by 2^64 − 1. Such a change has a
//! value, in two or three entries of a delta.

use dbsp_zset::{Delta, Overflow};

/// Appends a row, in several entries where one does not hold its weight.
///
/// # Errors
/// [`Overflow`] where no two weights of 64 bits differ by so much; nothing is then appended.
pub(crate) fn push_wide<R: Clone>(out: &mut Delta<R>, row: R, weight: i128) -> Result<(), Overflow> {
    if let Ok(weight) = i64::try_from(weight) {
        out.push(row, weight);
        return Ok(());
    }
    if weight.unsigned_abs() > u64::MAX.into() {
        return Err(Overflow);
    }
    let mut rest = weight;
    while rest != 0 {
        let part = rest.clamp(i64::MIN.into(), i64::MAX.into());
        out.push(row.clone(), part as i64);
        rest -= part;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_weights_are_several_entries_that_add_up() {
        let ends = [i128::from(u64::MAX), i128::from(i64::MAX), i128::from(i64::MIN), 1 << 63, 5, 0];
        for weight in ends.into_iter().flat_map(|end| [end, -end]) {
            let mut out = Delta::new();
            push_wide(&mut out, 'a', weight).expect("no more than two weights differ by");
            assert!(out.len() <= 3);
            assert_eq!(out.weights().iter().map(|part| i128::from(*part)).sum::<i128>(), weight);
        }
        assert_eq!(push_wide(&mut Delta::new(), 'a', 1 << 64), Err(Overflow));
    }
}
