//! The table under the Z-sets against plain hashbrown: insert, look up, iterate.

use dbsp_zset::DenseTable;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::operation::{Case, over};
use crate::headline::SplitMix;
use crate::report::DBSP;

/// Entries of a table.
const ENTRIES: usize = 10_000;

type Ours = DenseTable<u64, i64>;
type Theirs = HashMap<u64, i64, FixedState>;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "table/insert",
            batch: ENTRIES,
            contenders: vec![
                (DBSP, || {
                    over(
                        (keys(), Ours::default()),
                        |state| state.1 = Ours::with_capacity(ENTRIES),
                        |state| {
                            let (keys, table) = state;
                            for key in keys.iter() {
                                let (position, _) = table.find_or_insert_with(key, || 0);
                                *table.value_mut(position) += 1;
                            }
                            table.len() as u64
                        },
                    )
                }),
                ("hashbrown", || {
                    over(
                        (keys(), Theirs::default()),
                        |state| state.1 = empty(),
                        |state| {
                            let (keys, table) = state;
                            for key in keys.iter() {
                                *table.entry(*key).or_insert(0) += 1;
                            }
                            table.len() as u64
                        },
                    )
                }),
            ],
        },
        Case {
            name: "table/lookup",
            batch: ENTRIES,
            contenders: vec![
                (DBSP, || {
                    over(
                        (keys(), ours()),
                        |_| {},
                        |state| {
                            let (keys, table) = state;
                            keys.iter().rev().filter_map(|key| table.get(key)).sum::<i64>().cast_unsigned()
                        },
                    )
                }),
                ("hashbrown", || {
                    over(
                        (keys(), theirs()),
                        |_| {},
                        |state| {
                            let (keys, table) = state;
                            keys.iter().rev().filter_map(|key| table.get(key)).sum::<i64>().cast_unsigned()
                        },
                    )
                }),
            ],
        },
        Case {
            name: "table/iterate",
            batch: ENTRIES,
            contenders: vec![
                (DBSP, || {
                    over(
                        ours(),
                        |_| {},
                        |table| {
                            table.entries().map(|(key, value)| key ^ value.cast_unsigned()).fold(0, digest)
                        },
                    )
                }),
                ("hashbrown", || {
                    over(
                        theirs(),
                        |_| {},
                        |table| table.iter().map(|(key, value)| key ^ value.cast_unsigned()).fold(0, digest),
                    )
                }),
            ],
        },
    ]
}

/// A sum that overflows quietly, in any order.
fn digest(sum: u64, value: u64) -> u64 {
    sum.wrapping_add(value)
}

/// Distinct random keys.
fn keys() -> Vec<u64> {
    let mut random = SplitMix::new(5);
    (0..ENTRIES).map(|_| random.bits()).collect()
}

fn ours() -> Ours {
    let mut table = Ours::with_capacity(ENTRIES);
    for (key, value) in keys().into_iter().zip(0..) {
        table.insert_new(key, value);
    }
    table
}

fn theirs() -> Theirs {
    let mut table = empty();
    table.extend(keys().into_iter().zip(0..));
    table
}

fn empty() -> Theirs {
    HashMap::with_capacity_and_hasher(ENTRIES, FixedState::default())
}
