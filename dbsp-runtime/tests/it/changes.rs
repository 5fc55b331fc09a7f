//! A sink that applies `changes` one after the other holds what the view holds, after every step.

use std::collections::BTreeMap;

use dbsp_runtime::{Change, Circuit};
use proptest::prelude::*;

proptest! {
    #[test]
    fn sinks_that_apply_changes_hold_what_the_views_hold(
        steps in prop::collection::vec(prop::collection::vec(((0..4_u8, 0..6_i64), -2..=3_i64), 0..12), 1..12),
    ) {
        let (mut circuit, (rows, best, bag, groups)) = Circuit::build(|b| {
            let (stream, rows) = b.input::<(u8, i64)>("rows");
            let present = stream.distinct();
            // Old rows and new ones come by two ways, so that the delta is in no order.
            let best = present.keyed().max().rows();
            let moved = best.filter(|row| row.1 % 2 == 0).plus(best.filter(|row| row.1 % 2 == 1));
            (rows, moved.keyed().view(), stream.view(), stream.keyed().view())
        })
        .expect("a sound circuit");
        let (mut map, mut counts, mut grouped) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for step in steps {
            circuit[rows].extend(step);
            circuit.step().expect("a sound step");
            for change in circuit.changes(best) {
                match change {
                    Change::Insert(&(key, value)) => prop_assert_eq!(map.insert(key, value), None),
                    Change::Delete(&(key, value)) => prop_assert_eq!(map.remove(&key), Some(value)),
                    Change::Update { old, new } => {
                        prop_assert_ne!(old, new);
                        prop_assert_eq!(map.insert(new.0, new.1), Some(old.1));
                    }
                }
            }
            let held: BTreeMap<u8, i64> = circuit[best].iter().map(|(key, value, _)| (*key, *value)).collect();
            prop_assert_eq!(&map, &held);

            let mut has_inserted = false;
            for change in circuit.changes(bag) {
                match change {
                    Change::Insert(row) => {
                        has_inserted = true;
                        *counts.entry(*row).or_insert(0) += 1;
                    }
                    Change::Delete(row) => {
                        prop_assert!(!has_inserted, "a delete after an insert");
                        *counts.entry(*row).or_insert(0) -= 1;
                    }
                    Change::Update { .. } => prop_assert!(false, "an update without a key"),
                }
            }
            counts.retain(|_, count| *count != 0);
            let held: BTreeMap<(u8, i64), i64> = circuit[bag].iter().map(|(row, weight)| (*row, *weight)).collect();
            prop_assert_eq!(&counts, &held);

            for (change, times) in circuit.changes(groups).counted() {
                let times = i64::try_from(times).expect("few");
                match change {
                    Change::Insert(row) => *grouped.entry(*row).or_insert(0) += times,
                    Change::Delete(row) => *grouped.entry(*row).or_insert(0) -= times,
                    Change::Update { old, new } => {
                        prop_assert_eq!(old.0, new.0);
                        *grouped.entry(*old).or_insert(0) -= times;
                        *grouped.entry(*new).or_insert(0) += times;
                    }
                }
            }
            grouped.retain(|_, count| *count != 0);
            prop_assert_eq!(&grouped, &held);
        }
    }
}
