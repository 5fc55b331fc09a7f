//! Several linear aggregates of the same rows, in one pass and one entry a group: tuples of two to twelve.
//!
//! # Invariants  a row is added to all totals or to none.

use dbsp_zset::Overflow;

use crate::aggregate::linear::LinearAggregate;
use crate::overflow::Excess;

macro_rules! several {
    ($(($($name:ident $position:tt),*))*) => {$(
        /// Several aggregates of the same rows, in one pass and one entry a group.
        impl<V, $($name: LinearAggregate<V>),*> LinearAggregate<V> for ($($name,)*) {
            type Total = ($($name::Total,)*);
            type Output = ($($name::Output,)*);

            const PARTS: usize = 0 $(+ $name::PARTS)*;

            #[inline]
            fn add(&self, total: &mut Self::Total, value: &V, weight: i64) -> Result<(), Overflow> {
                let failed: usize = 'added: {
                    $(if self.$position.add(&mut total.$position, value, weight).is_err() {
                        break 'added $position;
                    })*
                    return Ok(());
                };
                $(if $position < failed {
                    take_back(&self.$position, &mut total.$position, value, weight)?;
                })*
                Err(Overflow)
            }

            #[inline]
            fn output(&self, count: i64, total: &Self::Total) -> Result<Self::Output, Overflow> {
                Ok(($(self.$position.output(count, &total.$position)?,)*))
            }

            fn add_part(
                &self,
                mut part: usize,
                total: &mut Self::Total,
                value: &V,
                weight: i64,
            ) -> Result<(), Overflow> {
                $(
                    if part < $name::PARTS {
                        return self.$position.add_part(part, &mut total.$position, value, weight);
                    }
                    part -= $name::PARTS;
                )*
                debug_assert!(false, "there are {part} parts fewer");
                Ok(())
            }

            fn excess_of_part(&self, mut part: usize, value: &V, weight: i64) -> Excess {
                $(
                    if part < $name::PARTS {
                        return self.$position.excess_of_part(part, value, weight);
                    }
                    part -= $name::PARTS;
                )*
                debug_assert!(false, "there are {part} parts fewer");
                Excess { what: "a total", direction: None }
            }

            fn excess_of_output(&self, count: i64, total: &Self::Total) -> Excess {
                $(if self.$position.output(count, &total.$position).is_err() {
                    return self.$position.excess_of_output(count, &total.$position);
                })*
                Excess { what: "a result", direction: None }
            }
        }
    )*};
}

/// Takes back a value that was just added to a total.
#[cold]
fn take_back<V, G: LinearAggregate<V>>(
    aggregate: &G,
    total: &mut G::Total,
    value: &V,
    weight: i64,
) -> Result<(), Overflow> {
    const HALF: i64 = 1 << 62;
    match weight.checked_neg() {
        Some(opposite) => aggregate.add(total, value, opposite),
        None => {
            aggregate.add(total, value, HALF)?;
            aggregate.add(total, value, HALF)
        }
    }
}

several! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Count, Sum};

    #[test]
    fn a_value_is_added_to_all_totals_or_to_none() {
        let both = (
            Count,
            Sum(|value: &i128| *value),
            (Sum(|value: &i128| value / 2), Sum(|value: &i128| 3 * value)),
        );
        let mut total = Default::default();
        both.add(&mut total, &(i128::MAX / 4), 1).expect("it fits");
        let before = total;
        for weight in [1, 2, i64::MIN] {
            assert_eq!(both.add(&mut total, &(i128::MAX / 4), weight), Err(Overflow));
            assert_eq!(total, before);
        }
        let parts: Vec<bool> =
            (0..4).map(|part| both.add_part(part, &mut total, &(i128::MAX / 4), 2).is_ok()).collect();
        assert_eq!(parts, [true, true, true, false]);
    }

    #[test]
    fn twelve_aggregates_are_kept_in_one_entry() {
        let sum = |factor: i64| Sum(move |value: &i64| value * factor);
        let many =
            (sum(1), sum(2), sum(3), sum(4), sum(5), sum(6), sum(7), sum(8), sum(9), sum(10), sum(11), Count);
        let mut total = Default::default();
        many.add(&mut total, &10, 3).expect("it fits");
        let sums = many.output(3, &total).expect("it fits");
        assert_eq!((sums.0, sums.1, sums.10, sums.11), (30, 60, 330, 3));
    }
}
